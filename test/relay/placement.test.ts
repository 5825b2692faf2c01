/** Real: on which worker a session is placed. Faked: nothing; workers are the figures that they report. */
import t from 'tap';
import { chooseWorker, hasRoom, loadOf, type WorkerLoad } from '../../relay/placement.ts';

const IDLE: WorkerLoad = {
  level: 'normal',
  utilisation: 0,
  packetsPerS: 0,
  peers: 0,
  peerCapacity: 100,
  recentSessions: 0,
};
const worker = (name: string, load: Partial<WorkerLoad> = {}) => ({ name, load: { ...IDLE, ...load } });

t.test('what a worker has least of decides how loaded it is', async (t) => {
  t.equal(loadOf({ ...IDLE, utilisation: 0.65 }), 1);
  t.equal(loadOf({ ...IDLE, packetsPerS: 30_000 }), 1);
  t.equal(loadOf({ ...IDLE, peers: 100 }), 1);
  t.equal(loadOf({ ...IDLE, utilisation: 0.13, peers: 50 }), 0.5);
});

t.test('the least loaded worker gets the session', async (t) => {
  const workers = [worker('busy', { utilisation: 0.4 }), worker('calm', { utilisation: 0.1 })];
  t.equal(chooseWorker(workers, false)?.name, 'calm');
});

t.test('sessions that come in one moment are spread', async (t) => {
  const workers = [worker('a'), worker('b')];
  for (let i = 0; i < 10; i++) {
    const chosen = chooseWorker(workers, false);
    if (chosen) {
      chosen.load.recentSessions++;
    }
  }
  t.same(
    workers.map(({ load }) => load.recentSessions),
    [5, 5],
  );
});

t.test('a new session gets no worker that is full; one whose worker was lost does', async (t) => {
  const workers = [worker('full', { level: 'full' })];
  t.equal(chooseWorker(workers, false), undefined);
  t.equal(chooseWorker(workers, true)?.name, 'full');
});

t.test('nobody gets a worker that drops video or has no port left', async (t) => {
  t.notOk(hasRoom({ ...IDLE, level: 'shed' }, true));
  t.notOk(hasRoom({ ...IDLE, peers: 100 }, true));
  t.notOk(hasRoom({ ...IDLE, peerCapacity: 0 }, true), 'or is not ready');
  t.equal(chooseWorker([], false), undefined);
});
