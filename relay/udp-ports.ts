/**
 * Which UDP ports of a range nobody holds at the moment. libdatachannel aborts the process when it finds none
 * (facts/peerbench.md section 6, 4), and a worker of a relay that was killed may hold some for a moment longer.
 */
import { readFileSync } from 'node:fs';

/** Of Linux; each read takes about a millisecond. */
const TABLES = ['/proc/net/udp', '/proc/net/udp6'];
/** The port in `  12: 0100007F:4E20 00000000:0000 07 …`: four hexadecimal digits behind the local address. */
const LOCAL_PORT = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) /gm;

/**
 * In ascending order. A port counts as held whatever address it is held on.
 * @returns undefined where the system does not tell
 */
export function freeUdpPorts(begin: number, end: number): number[] | undefined {
  const held = new Set<number>();
  let told = false;
  for (const table of TABLES) {
    try {
      for (const [, port = ''] of readFileSync(table, 'latin1').matchAll(LOCAL_PORT)) {
        held.add(Number.parseInt(port, 16));
      }
      told = true;
    } catch {
      // Another system, or one without IPv6.
    }
  }
  if (!told) {
    return undefined;
  }
  const free: number[] = [];
  for (let port = begin; port <= end; port++) {
    if (!held.has(port)) {
      free.push(port);
    }
  }
  return free;
}
