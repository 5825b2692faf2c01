/** Real: sessions on the SQLite store. Faked: pages, the media plane (does nothing), the clock. */
import t from 'tap';
import { parseClientMessage } from '../../relay/messages.ts';
import { failedChecks } from '../../relay/preflight.ts';
import { PREFLIGHT, PROBE_MAX_LENGTH, type Preflight } from '../../relay/protocol.ts';
import { createWaiting, openScene, Page } from '../support/sessions-scene.ts';

const GOOD: Preflight = {
  ...{ camera: 'works', microphone: 'works', relay: 'works', media: 'udp', uplink: 'good' },
  ...{ roundTripMs: 20, uplinkKbps: 3_000 },
};

t.test('the technician reads what the phone found; what is red is in the log, each set once', async (t) => {
  const scene = await openScene(t.testdir());
  t.teardown(() => scene.close());
  const { anna, sessions, store } = scene;
  const { session } = await createWaiting(scene, anna);
  const console = new Page();
  await sessions.consoleJoined(anna, console, []);
  const shown = () => console.of('session').at(-1)?.session.customer?.preflight;
  t.equal(shown(), undefined);
  await session.setPreflight(GOOD);
  t.same(shown(), GOOD);
  const bad: Preflight = { ...GOOD, camera: 'noPicture', media: 'blocked' };
  for (const preflight of [bad, GOOD, bad, { ...bad, media: 'turn' }, GOOD, bad]) {
    await session.setPreflight(preflight as Preflight);
  }
  t.same(shown(), bad);
  const lines = (await store.events(session.record.id)).filter(({ type }) => type === 'preflightFailed');
  t.same(
    lines.map(({ data, actor }) => [data['checks'], actor]),
    [
      ['camera, media', 'customer'],
      ['camera', 'customer'],
    ],
  );
});

t.test('only what is red counts as failed', async (t) => {
  t.same(failedChecks(GOOD), []);
  t.same(failedChecks({ ...GOOD, microphone: 'missing', media: 'turn', uplink: 'unknown' }), []);
  t.same(failedChecks({ ...GOOD, relay: 'verySlow', uplink: 'poor' }), ['relay', 'uplink']);
});

t.test('findings that the table does not know, and padding that is too long, are no messages', async (t) => {
  const accepted = (type: string, params: object) =>
    parseClientMessage(JSON.stringify({ type, id: 1, sessionId: 1, ...params })).ok;
  for (const [check, findings] of Object.entries(PREFLIGHT)) {
    for (const finding of Object.keys(findings)) {
      t.ok(accepted('preflight', { preflight: { ...GOOD, [check]: finding } }), `${check} ${finding}`);
    }
    t.notOk(accepted('preflight', { preflight: { ...GOOD, [check]: 'toString' } }), check);
  }
  t.notOk(accepted('preflight', { preflight: { ...GOOD, uplinkKbps: -1 } }));
  t.notOk(accepted('preflight', { preflight: { ...GOOD, roundTripMs: 1e9 } }));
  t.ok(accepted('probe', { padding: 'x'.repeat(PROBE_MAX_LENGTH) }));
  t.notOk(accepted('probe', { padding: 'x'.repeat(PROBE_MAX_LENGTH + 1) }));
});
