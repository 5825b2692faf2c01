/** One JSON line per event on standard error; standard output belongs to the operator's few lines. */
import { destination, type Logger, pino } from 'pino';

export type Log = Logger;

/**
 * Field names that carry secrets or personal data are cut out wherever they appear at the top of a line
 * (reliability.md 3.8). Addresses and SDP are logged at debug level only, by the caller's choice.
 */
const REDACTED = [
  'pin',
  'token',
  'password',
  'cookie',
  'authorization',
  'sdp',
  'link',
  'resume',
  'credential',
];

export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: REDACTED.flatMap((name) => [name, `*.${name}`]),
    },
    destination({ fd: 2, sync: true }),
  );
}
