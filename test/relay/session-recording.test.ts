/**
 * What may be recorded, when it begins and ends. Real: sessions, consents, the SQLite store, the journals' folder. Faked: pages (they
 * write down what they are told), the media workers (they write down what they are asked), the clock.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { answerConsent } from '../../relay/consent-ledger.ts';
import { CONSENT_QUESTIONS } from '../../relay/consents.ts';
import type { LiveSession } from '../../relay/live-session.ts';
import { createLog } from '../../relay/log.ts';
import { recoverRecordings } from '../../relay/recordings.ts';
import { technicianActor } from '../../relay/session-context.ts';
import { journalPath } from '../../relay/session-recording.ts';
import { ON_DEMAND } from '../support/recording-scene.ts';
import { createWaiting, granted, openScene, Page, type Scene } from '../support/sessions-scene.ts';

function test(name: string, work: (t: Test, scene: Scene) => Promise<void>): void {
  t.test(name, async (t) => {
    const scene = await openScene(t.testdir());
    mkdirSync(scene.journals);
    try {
      await work(t, scene);
    } finally {
      await scene.close();
    }
  });
}

async function startCall({ sessions, anna }: Scene) {
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const { session, customer } = await createWaiting({ sessions }, anna);
  granted(await sessions.start(anna, session));
  return { session, customer, console };
}

const answer = (session: LiveSession, { clock }: Scene, isGranted: boolean) =>
  answerConsent(
    session,
    {
      kind: 'recording',
      granted: isGranted,
      language: 'de',
      hash: CONSENT_QUESTIONS.recording.de.hash,
    },
    () => clock.now,
  );

/** Until the steps that nobody waits for are done, and those that follow from them. */
async function settled(session: LiveSession): Promise<void> {
  for (let step = 0; step < 6; step++) {
    await new Promise((resolve) => setImmediate(resolve));
    await session.inStep(async () => undefined);
  }
}

/** Files take their own time. */
async function ended({ store }: Scene, session: LiveSession, part: number): Promise<void> {
  for (;;) {
    const row = (await store.recordings(session.record.id)).find((each) => each.part === part);
    if (row && row.state !== 'recording') {
      return settled(session);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function record(scene: Scene, session: LiveSession): Promise<void> {
  session.recording.start(technicianActor(scene.anna));
  await settled(session);
  await answer(session, scene, true);
  await settled(session);
}

const logOf = async ({ store }: Scene, session: LiveSession) =>
  (await store.events(session.record.id)).flatMap(({ type, actor, data }) =>
    type.startsWith('recording') ? [`${type} ${data['reason'] ?? data['part'] ?? ''} by ${actor}`] : [],
  );

test('asked for first; begins with the customer’s word, is written down, and both see it', async (t, scene) => {
  const { session, customer } = await startCall(scene);
  t.equal(session.recording.start(technicianActor(scene.anna)), undefined);
  await settled(session);
  t.match(session.technicianView().recording, { state: 'asked' });
  t.equal(session.customerView().recording, undefined, 'the question is all that the customer sees');
  t.match(session.customerView().consents, { recording: 'asked' });
  t.same(scene.recordings.take(), []);
  scene.clock.now += 4_000;
  await answer(session, scene, true);
  await settled(session);
  t.same(scene.recordings.take(), [`start 1 of ${session.record.id}`]);
  t.match(scene.recordings.wanted[0], {
    path: journalPath(scene.journals, { sessionId: session.record.id, part: 1 }),
    ...{ voice: true, video: true },
  });
  const view = { state: 'recording', since: scene.clock.now };
  t.same(session.technicianView().recording, view);
  t.same(customer.of('customer').at(-1)?.customer.recording, view);
  const [row] = await scene.store.recordings(session.record.id);
  t.match(row, { part: 1, state: 'recording', purpose: 'proof', startedAt: scene.clock.now, endedAt: null });
  t.ok((row?.consentId ?? 0) > 0);
  t.same(await logOf(scene, session), ['recordingStarted 1 by technician']);
});

test('the technician ends it: closed with its size, handed on, and the log says so', async (t, scene) => {
  const { session } = await startCall(scene);
  await record(scene, session);
  scene.recordings.take();
  scene.clock.now += 3_000;
  t.equal(session.recording.stop(technicianActor(scene.anna)), undefined);
  t.same(scene.recordings.take(), ['stop 1: technician']);
  t.match(session.customerView().recording, { state: 'stopped', reason: 'technician' });
  scene.recordings.end(1, 'stopped', { bytes: 4_711, dropped: 3 });
  await settled(session);
  const closed = {
    state: 'closed',
    bytes: 4_711,
    dropped: 3,
    reason: 'technician',
    endedAt: scene.clock.now,
  };
  t.match((await scene.store.recordings(session.record.id))[0], closed);
  t.match(scene.recordings.closed, [closed]);
  t.same(await logOf(scene, session), [
    'recordingStarted 1 by technician',
    'recordingStopped technician by technician',
  ]);
  t.equal(session.recording.stop(technicianActor(scene.anna)), 'wrongState');
  await record(scene, session);
  t.match(scene.recordings.wanted[1]?.path, /-2\.journal$/, 'another one is another part');
});

test('a consent taken back ends it at once, and the next wish asks again', async (t, scene) => {
  const { session } = await startCall(scene);
  await record(scene, session);
  scene.recordings.take();
  await answer(session, scene, false);
  t.same(scene.recordings.take(), ['stop 1: withdrawn'], 'before anybody is told');
  t.match(session.customerView().recording, { state: 'stopped', reason: 'withdrawn' });
  scene.recordings.end(1, 'stopped', { bytes: 9, dropped: 0 });
  await settled(session);
  t.same(await logOf(scene, session), [
    'recordingStarted 1 by technician',
    'recordingStopped withdrawn by customer',
  ]);
  session.recording.start(technicianActor(scene.anna));
  await settled(session);
  t.match(session.technicianView().recording, { state: 'asked' });
  t.match(session.customerView().consents, { recording: 'asked' });
  t.same(scene.recordings.take(), []);
});

test('a refusal: nothing is recorded, and the technician sees it', async (t, scene) => {
  const { session } = await startCall(scene);
  session.recording.start(technicianActor(scene.anna));
  await settled(session);
  await answer(session, scene, false);
  await settled(session);
  t.match(session.technicianView().recording, { state: 'stopped', reason: 'refused' });
  t.same(scene.recordings.take(), []);
  t.same(await scene.store.recordings(session.record.id), []);
});

test('the ledger decides: without its row nothing begins, whatever is held in memory', async (t, scene) => {
  const { session } = await startCall(scene);
  session.consents.set('recording', 'granted');
  session.recording.start(technicianActor(scene.anna));
  await settled(session);
  t.same(scene.recordings.take(), []);
  t.same(await scene.store.recordings(session.record.id), []);
});

test('paused and resumed: on disk, in the log, shown to both; the time counts what was recorded', async (t, scene) => {
  const { session } = await startCall(scene);
  const by = technicianActor(scene.anna);
  t.equal(await session.recording.pause(by, true), 'wrongState');
  await record(scene, session);
  scene.recordings.take();
  scene.clock.now += 10_000;
  t.equal(await session.recording.pause(by, true), undefined);
  t.equal(await session.recording.pause(by, true), undefined, 'twice is once');
  t.same(session.customerView().recording, { state: 'paused', since: scene.clock.now });
  t.equal((await scene.store.recordings(session.record.id))[0]?.paused, true);
  scene.clock.now += 30_000;
  await session.recording.pause(by, false);
  t.same(session.technicianView().recording, { state: 'recording', since: scene.clock.now - 10_000 });
  t.same(scene.recordings.take(), ['pause 1', 'resume 1']);
  t.same(await logOf(scene, session), [
    ...['recordingStarted 1 by technician', 'recordingPaused 1 by technician'],
    'recordingResumed 1 by technician',
  ]);
});

test('the end of the session ends it; hold does not', async (t, scene) => {
  const { session } = await startCall(scene);
  await record(scene, session);
  scene.recordings.take();
  await scene.sessions.hold(scene.anna, session);
  await settled(session);
  t.same(scene.recordings.take(), []);
  t.equal(session.recording.start(technicianActor(scene.anna)), 'wrongState');
  await scene.sessions.unhold(scene.anna, session);
  await scene.sessions.end(scene.anna, session);
  t.same(scene.recordings.take(), ['stop 1: sessionEnded']);
  scene.recordings.end(1, 'stopped', { bytes: 9, dropped: 0 });
  await settled(session);
  t.match((await scene.store.recordings(session.record.id))[0], { state: 'closed', reason: 'sessionEnded' });
});

for (const code of ['diskFull', 'ioError'] as const) {
  test(`${code}: the recording is over, the session is not, and both are told`, async (t, scene) => {
    const { session } = await startCall(scene);
    await record(scene, session);
    scene.recordings.end(1, code, { bytes: 100, dropped: 0 });
    await settled(session);
    t.match(session.technicianView().recording, { state: 'stopped', reason: code });
    t.match(session.customerView().recording, { state: 'stopped', reason: code });
    t.equal(session.record.machine.state, 'active');
    t.match((await scene.store.recordings(session.record.id))[0], {
      state: 'failed',
      reason: code,
      bytes: 100,
    });
    t.equal(scene.recordings.closed.length, 1, 'what is there is made into something');
    t.same(await logOf(scene, session), [
      'recordingStarted 1 by technician',
      `recordingStopped ${code} by system`,
    ]);
    scene.recordings.take();
    await settled(session);
    t.same(scene.recordings.take(), [], 'and not begun again by itself');
  });
}

test('a lost worker: the next part begins by itself when there is another, paused as it was', async (t, scene) => {
  const { session } = await startCall(scene);
  await record(scene, session);
  await session.recording.pause(technicianActor(scene.anna), true);
  const path = journalPath(scene.journals, { sessionId: session.record.id, part: 1 });
  writeFileSync(`${path}.part`, 'abc');
  scene.recordings.take();
  scene.recordings.full = true;
  scene.recordings.end(1, 'workerLost');
  await ended(scene, session, 1);
  t.ok(existsSync(path), 'its journal has its name');
  t.match((await scene.store.recordings(session.record.id))[0], {
    state: 'interrupted',
    reason: 'relay',
    bytes: 3,
  });
  t.same(scene.recordings.take(), [], 'not before there is a worker');
  t.equal(session.customerView().recording?.state, 'paused');
  session.recording.retryNow();
  await ended(scene, session, 2);
  t.same(scene.recordings.take(), [`start 2 of ${session.record.id}: full`, 'pause 2']);
  scene.recordings.full = false;
  session.recording.retryNow();
  await settled(session);
  t.same(scene.recordings.take(), [`start 3 of ${session.record.id}`, 'pause 3']);
  t.match((await scene.store.recordings(session.record.id)).at(-1), { state: 'recording', paused: true });
});

test('a killed relay: the journal is kept, and the recording goes on when everybody is back', async (t, scene) => {
  const { session } = await startCall(scene);
  const { id } = session.record;
  await record(scene, session);
  const path = journalPath(scene.journals, { sessionId: id, part: 1 });
  writeFileSync(`${path}.part`, 'abcd');
  scene.recordings.take();
  const recovered = await recoverRecordings({
    ...{ store: scene.store, folder: scene.journals, log: createLog('silent') },
    now: () => scene.clock.now,
  });
  t.match(recovered, [{ state: 'interrupted', bytes: 4, reason: 'relay' }]);
  t.ok(existsSync(path));
  const sessions = await scene.restart();
  const again = granted(sessions.byId(id));
  t.same(scene.recordings.take(), [], 'nobody is there yet');
  await sessions.consoleJoined(scene.anna, new Page(), []);
  await sessions.customers.resume(`hash-${id}`, 'next', new Page(), []);
  await settled(again);
  t.same(scene.recordings.take(), [`start 2 of ${id}`]);
  t.equal(again.customerView().recording?.state, 'recording');
  t.same((await logOf(scene, again)).slice(1), [
    'recordingStopped relay by system',
    'recordingStarted 2 by system',
  ]);
});

test('a recording that was over before the relay was killed stays over', async (t, scene) => {
  const { session } = await startCall(scene);
  await record(scene, session);
  session.recording.stop(technicianActor(scene.anna));
  scene.recordings.end(1, 'stopped', { bytes: 9, dropped: 0 });
  await settled(session);
  scene.recordings.take();
  const sessions = await scene.restart();
  await sessions.consoleJoined(scene.anna, new Page(), []);
  await sessions.customers.resume(`hash-${session.record.id}`, 'next', new Page(), []);
  await settled(granted(sessions.byId(session.record.id)));
  t.same(scene.recordings.take(), []);
});

test('a group that records nothing', async (t, scene) => {
  const { session } = await startCall(scene);
  scene.settings.recording = { ...ON_DEMAND, mode: 'off' };
  t.equal(session.recording.start(technicianActor(scene.anna)), 'recordingNotAllowed');
  await settled(session);
  t.equal(session.customerView().consents.recording, undefined);
  scene.settings.recording = ON_DEMAND;
  await record(scene, session);
  scene.recordings.take();
  scene.settings.recording = { ...ON_DEMAND, mode: 'off' };
  session.show();
  t.same(scene.recordings.take(), ['stop 1: policy'], 'also what runs already');
});

test('a group that records everything: asked by itself, begun with the answer, not to be ended', async (t, scene) => {
  scene.settings.recording = { ...ON_DEMAND, mode: 'forced', video: false };
  const { session } = await startCall(scene);
  const by = technicianActor(scene.anna);
  await settled(session);
  t.match(session.customerView().consents, { recording: 'asked' });
  t.same(scene.recordings.take(), []);
  await answer(session, scene, true);
  await settled(session);
  t.same(scene.recordings.take(), [`start 1 of ${session.record.id}`]);
  t.match(scene.recordings.wanted[0], { voice: true, video: false });
  t.equal(session.recording.stop(by), 'recordingForced');
  t.equal(await session.recording.pause(by, true), 'recordingForced');
  await answer(session, scene, false);
  await settled(session);
  t.same(scene.recordings.take(), ['stop 1: withdrawn'], 'the customer may');
});

test('a group that records everything, and a customer who does not want it: asked once, the session goes on', async (t, scene) => {
  scene.settings.recording = { ...ON_DEMAND, mode: 'forced' };
  const { session } = await startCall(scene);
  await settled(session);
  await answer(session, scene, false);
  await settled(session);
  t.match(session.technicianView().recording, { state: 'stopped', reason: 'refused' });
  t.equal(session.record.machine.state, 'active');
  session.show();
  await settled(session);
  t.match(session.customerView().consents, { recording: 'refused' });
  t.equal(session.recording.start(technicianActor(scene.anna)), undefined, 'the technician may ask again');
  await settled(session);
  t.match(session.customerView().consents, { recording: 'asked' });
});
