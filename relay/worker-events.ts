/**
 * Reads what a media worker says. A worker handles hostile packets in native code: should it ever be broken or taken
 * over, nothing that it says may crash or bloat the front.
 */
import { NO_PACKETS, type WorkerEvent } from './worker-protocol.ts';

/** An offer has some 4 kB; a stack some more. */
const TEXT_MAX_LENGTH = 64 * 1024;
const CANDIDATES_MAX = 64;
/** More than one worker can ever have ports for. */
const SESSIONS_MAX = 65_536;

type Fields = Record<string, unknown>;
type Check = (fields: Fields) => boolean;

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= TEXT_MAX_LENGTH;
const isCount = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isOneOf = (value: unknown, ...allowed: readonly unknown[]) => allowed.includes(value);

const COUNTERS = Object.keys(NO_PACKETS);

const CHECKS: Record<WorkerEvent['type'], Check> = {
  ready: ({ pid }) => isCount(pid),
  alive: ({ level, utilisation, packetsPerS, sessionsShed }) =>
    isOneOf(level, 'normal', 'full', 'shed') && [utilisation, packetsPerS, sessionsShed].every(isCount),
  offer: ({ peerId, sdp }) => isText(peerId) && isText(sdp),
  candidates: ({ peerId, candidates }) =>
    isText(peerId) &&
    Array.isArray(candidates) &&
    candidates.length <= CANDIDATES_MAX &&
    candidates.every(isText),
  peerRefused: ({ peerId, code }) => isText(peerId) && isOneOf(code, 'relayFull', 'internal'),
  answerRejected: ({ peerId, code, problem }) => isText(peerId) && code === 'badSdp' && isText(problem),
  peerState: ({ peerId, state }) =>
    isText(peerId) && isOneOf(state, 'connected', 'failed', 'closed', 'flooded'),
  peerMedia: ({ peerId, flowing }) => isText(peerId) && typeof flowing === 'boolean',
  peerLossy: ({ peerId }) => isText(peerId),
  recordingState: ({ recordingId, bytes, dropped, state, code }) =>
    [recordingId, bytes, dropped].every(isCount) &&
    (state === 'failed' ? isOneOf(code, 'diskFull', 'ioError') : isOneOf(state, 'recording', 'stopped')),
  fault: ({ where, message, stack }) => isText(where) && isText(message) && isText(stack),
  stats: ({ counters, sessions, ...rest }) =>
    [
      rest['pid'],
      rest['uptimeMs'],
      rest['peers'],
      rest['peerCapacity'],
      rest['eventLoopLagMs'],
      rest['eventLoopUtilisation'],
      rest['rssBytes'],
      rest['cpuMs'],
      rest['peersFlooded'],
    ].every(isCount) &&
    isFields(counters) &&
    COUNTERS.every((name) => isCount(counters[name])) &&
    Object.keys(counters).length === COUNTERS.length &&
    Array.isArray(sessions) &&
    sessions.length <= SESSIONS_MAX &&
    sessions.every(
      (session) => isFields(session) && isCount(session['sessionId']) && Array.isArray(session['peers']),
    ),
};

/** The message as an event; undefined for anything that a worker in order does not say. */
export function readWorkerEvent(message: unknown): WorkerEvent | undefined {
  if (!isFields(message)) {
    return undefined;
  }
  const { type } = message;
  if (typeof type !== 'string' || !Object.hasOwn(CHECKS, type)) {
    return undefined;
  }
  return CHECKS[type as WorkerEvent['type']](message) ? (message as WorkerEvent) : undefined;
}
