/** How a media worker is launched. Real: the process, the kernel's word on it. Faked: the front, which is this test. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { forkWorker, type WorkerLaunch } from '../../relay/worker-process.ts';
import type { WorkerConfig } from '../../relay/worker-protocol.ts';

const CONFIG: WorkerConfig = {
  portRangeBegin: 29_900,
  portRangeEnd: 29_910,
  mux: false,
  bindAddress: '127.0.0.1',
  announcedIps: [],
};

/** sched(7). */
const SCHED_OTHER = 0;
const SCHED_BATCH = 3;

/** Scheduling policies of all threads of a worker that has said it is ready. */
async function policies(launch: WorkerLaunch): Promise<{ pid: number; told: number; policies: Set<number> }> {
  const child = forkWorker(CONFIG, launch);
  const { pid = 0 } = child;
  const [ready] = (await once(child, 'message')) as [{ type: string; pid: number }];
  const found = new Set<number>();
  const tasks = readdirSync(`/proc/${pid}/task`);
  for (const task of tasks) {
    const fields = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    // Field 41 of proc(5); the third is the first behind the name.
    found.add(Number(fields[38]));
  }
  const ended = once(child, 'exit');
  child.send({ type: 'shutdown' });
  await ended;
  return { pid, told: ready.pid, policies: found };
}

t.test('all threads of a worker run in batches, in the process that was forked', async (t) => {
  if (spawnSync('chrt', ['--batch', '0', 'true']).status !== 0) {
    t.pass('no chrt here', { skip: true });
    return;
  }
  const { pid, told, policies: found } = await policies({});
  t.equal(told, pid);
  t.same([...found], [SCHED_BATCH]);
});

t.test('the ordinary policy on request', async (t) => {
  t.same([...(await policies({ batch: false })).policies], [SCHED_OTHER]);
});
