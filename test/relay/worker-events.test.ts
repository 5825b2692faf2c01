/** Real: the check of everything that a worker says. Faked: the worker, by objects as the IPC channel delivers them. */
import fc from 'fast-check';
import t from 'tap';
import { readWorkerEvent } from '../../relay/worker-events.ts';
import { NO_PACKETS, type WorkerEvent } from '../../relay/worker-protocol.ts';

const STATS: WorkerEvent = {
  type: 'stats',
  pid: 1,
  uptimeMs: 1,
  peers: 0,
  peerCapacity: 10,
  eventLoopLagMs: 0,
  eventLoopUtilisation: 0,
  rssBytes: 1,
  cpuMs: 1,
  peersFlooded: 0,
  counters: { ...NO_PACKETS },
  sessions: [{ sessionId: 1, gateOpen: true, peers: [] }],
};

/** One of each, so that a new event without a check does not compile. */
const EXAMPLES: { [T in WorkerEvent['type']]: Extract<WorkerEvent, { type: T }> } = {
  ready: { type: 'ready', pid: 1 },
  alive: { type: 'alive', level: 'normal', utilisation: 0.1, packetsPerS: 1, sessionsShed: 0 },
  offer: { type: 'offer', peerId: 'p', sdp: 'v=0' },
  candidates: { type: 'candidates', peerId: 'p', candidates: ['candidate:1'] },
  peerRefused: { type: 'peerRefused', peerId: 'p', code: 'relayFull' },
  answerRejected: { type: 'answerRejected', peerId: 'p', code: 'badSdp', problem: 'odd' },
  peerState: { type: 'peerState', peerId: 'p', state: 'connected' },
  peerMedia: { type: 'peerMedia', peerId: 'p', flowing: true },
  peerLossy: { type: 'peerLossy', peerId: 'p' },
  recordingState: {
    ...{ type: 'recordingState', recordingId: 1, bytes: 1, dropped: 0 },
    ...{ state: 'failed', code: 'diskFull' },
  },
  fault: { type: 'fault', where: 'tick', message: 'm', stack: '' },
  stats: STATS,
};

t.test('what a worker in order says is understood', async (t) => {
  for (const event of Object.values(EXAMPLES)) {
    t.equal(readWorkerEvent(event), event, event.type);
  }
});

t.test('an event with any field missing or of another kind is refused', async (t) => {
  const spoiled = [undefined, null, Number.NaN, -1, { length: 1 }, [1], 'x'.repeat(100_000)];
  for (const event of Object.values(EXAMPLES)) {
    for (const key of Object.keys(event)) {
      for (const value of spoiled) {
        const refused = readWorkerEvent({ ...event, [key]: value }) === undefined;
        t.ok(refused, `${event.type}.${key} = ${String(value).slice(0, 20)}`);
      }
    }
  }
});

t.test('counters with a name of their own are refused: they would become labels of metrics', async (t) => {
  t.equal(readWorkerEvent({ ...STATS, counters: { ...NO_PACKETS, own: 1 } }), undefined);
});

t.test('nothing that can come over the channel makes it throw', async (t) => {
  const types = fc.constantFrom(...Object.keys(EXAMPLES), 'toString', '__proto__', 'constructor');
  const message = fc.oneof(
    fc.anything({ withMap: true, withSet: true, withTypedArray: true, withBigInt: true }),
    fc.record({ type: types, peerId: fc.anything(), counters: fc.anything(), sessions: fc.anything() }),
  );
  fc.assert(
    fc.property(message, (value) => {
      readWorkerEvent(value);
    }),
    { seed: 1, numRuns: 1_000 },
  );
  t.pass('a thousand messages');
});
