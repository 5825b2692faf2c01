/**
 * kill -9 of the media worker and of the front in the middle of a recording: the journal is readable up to less than a second before,
 * and the next part begins by itself. Real: relay processes, WebSockets, ICE, DTLS and SRTP on loopback, files, SIGKILL at random
 * moments. Faked: the browsers, which send packets like Chromium's.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { SyntheticPage } from '../../bench/synthetic-page.ts';
import { endSyntheticPeers } from '../../bench/synthetic-peer.ts';
import { readJournal } from '../support/recorder-scene.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { SignallingClient, signIn } from '../support/signalling-client.ts';

const WORKER_KILLS = 5;
const FRONT_KILLS = 3;
/** Recorded before the kill, at random up to so long. */
const RECORDED_MAX_MS = 900;
const MAY_LOSE_MS = 1_000;
const WAIT_MS = 20_000;
const POLL_MS = 20;
/** Losses are errors in the relay's log, and meant here. */
const QUIET = { FERNBLICK_LOG_LEVEL: 'silent', FERNBLICK_MEDIA_WORKERS: '2' };

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`Waited in vain for ${what}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

type Part = { found: boolean; tracks: number; lastAtMs: number; problem: string; ended: boolean };

/** Of a part on disk, finished or not. `lastAtMs`: when its last packet came, epoch milliseconds. */
function read(dataDir: string, sessionId: number, part: number): Part {
  const path = join(dataDir, 'recordings', `${sessionId}-${part}.journal`);
  const file = [path, `${path}.part`].find((each) => existsSync(each));
  const { reader, records } = readJournal(file ? readFileSync(file) : Buffer.alloc(0));
  const packets = records.filter((record) => record.kind === 'rtp');
  return {
    found: file === path,
    tracks: new Set(packets.map(({ track }) => track)).size,
    lastAtMs: (reader.header()?.startedAtMs ?? 0) + (packets.at(-1)?.atUs ?? 0) / 1_000,
    problem: reader.problem ?? '',
    ended: records.at(-1)?.kind === 'end',
  };
}

/** A call that is recorded, with the consent of its customer. */
async function recordedCall(t: Test, relay: RelayProcess, cookie: string) {
  const call = await SyntheticPage.call(relay.origin, cookie);
  t.teardown(() => {
    call.technician.leave();
    call.customer.leave();
  });
  const { technician, customer, sessionId } = call;
  await technician.client.request('startRecording', { sessionId });
  const { hash } = customer.client.helloResult?.questions?.recording.en ?? { hash: '' };
  await customer.client.request('answerConsent', {
    ...{ sessionId, kind: 'recording', granted: true },
    ...{ language: 'en', hash },
  });
  return call;
}

function check(t: Test, { tracks, lastAtMs, problem, ended }: Part, killedAt: number): void {
  const lostMs = killedAt - lastAtMs;
  t.ok(lostMs < MAY_LOSE_MS, `${Math.round(lostMs)} ms lost`);
  t.equal(tracks, 3, 'both voices and the picture');
  t.match(problem, /^$|^The journal ends in the middle of a record/);
  t.notOk(ended);
}

t.teardown(() => endSyntheticPeers());

t.test(
  'the media worker is killed: what it recorded is there, and it goes on in the next part',
  async (t) => {
    const relay = await startRelay({ env: QUIET });
    t.teardown(() => relay.stop());
    const { sessionId } = await recordedCall(t, relay, await signIn(relay.origin));
    for (let part = 1; part <= WORKER_KILLS; part++) {
      await until(`packets of part ${part}`, () => read(relay.dataDir, sessionId, part).tracks === 3);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * RECORDED_MAX_MS));
      const ready = (await (await fetch(`${relay.origin}/readyz`)).json()) as {
        workers: { pid?: number; peers: number }[];
      };
      const pid = ready.workers.find(({ peers }) => peers > 0)?.pid;
      const killedAt = Date.now();
      process.kill(pid ?? Number.NaN, 'SIGKILL');
      await until('its name', () => read(relay.dataDir, sessionId, part).found);
      check(t, read(relay.dataDir, sessionId, part), killedAt);
      // Too many deaths in a row let a worker rest; this is no test of that.
      await until('both workers', async () => {
        const { workers } = (await (await fetch(`${relay.origin}/readyz`)).json()) as {
          workers: { state: string }[];
        };
        return workers.some(({ state }) => state === 'ready');
      });
    }
    await until(
      'the part after the last kill',
      () => read(relay.dataDir, sessionId, WORKER_KILLS + 1).tracks === 3,
    );
  },
);

t.test(
  'the front is killed: the journal is found at the next start, and the recording goes on',
  async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'fernblick-test-'));
    let relay = await startRelay({ dataDir, env: QUIET });
    t.teardown(async () => {
      await relay.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    const cookie = await signIn(relay.origin);
    const { technician, customer, sessionId } = await recordedCall(t, relay, cookie);
    for (let part = 1; part <= FRONT_KILLS; part++) {
      await until(`packets of part ${part}`, () => read(dataDir, sessionId, part).tracks === 3);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * RECORDED_MAX_MS));
      const killedAt = Date.now();
      await relay.kill();
      technician.dropMedia();
      customer.dropMedia();
      check(t, read(dataDir, sessionId, part), killedAt);
      relay = await startRelay({ dataDir, port: relay.port, env: QUIET });
      t.ok(read(dataDir, sessionId, part).found, 'the journal has its name');
      technician.adopt(await SignallingClient.technician(relay.origin, cookie));
      customer.adopt(await SignallingClient.customer(relay.origin, customer.resume));
      customer.resume = customer.client.helloResult?.resume;
    }
    await until('the part after the last kill', () => read(dataDir, sessionId, FRONT_KILLS + 1).tracks === 3);
    const { events } = await technician.client.request('openLog', { sessionId });
    const lines = events
      .filter(({ type }) => type.startsWith('recording'))
      .map(({ type, data }) => [type, data['reason']]);
    t.same(lines, [
      ...Array.from({ length: FRONT_KILLS }, () => [
        ['recordingStarted', undefined],
        ['recordingStopped', 'relay'],
      ]).flat(),
      ['recordingStarted', undefined],
    ]);
  },
);
