/**
 * From journals on the disk to films over HTTP: finished at start, watched in ranges, converted, deleted, each with its line in the
 * log. Real: relay processes, store, jobs, files, kill -9. Faked: the call; its journals hold media that FFmpeg made.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import t from 'tap';
import type { PlaybackView } from '../../relay/protocol.ts';
import { until } from '../support/media-probe.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { callApi, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';
import { makeJournal, makeMedia } from '../support/synthetic-recording.ts';

const STARTED = Date.now() - 60_000;
const DURATION_MS = 6_000;

let relay: RelayProcess;
let cookie: string;
let journal: Buffer;

t.before(async () => {
  relay = await startRelay();
  cookie = await signIn(relay.origin);
  const [video, voice] = await Promise.all([
    makeMedia('VP8', ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=15:duration=6']),
    makeMedia('opus', ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=6']),
  ]);
  const tracks = [
    { party: 'customer', media: video },
    { party: 'customer', media: voice },
    { party: 'technician', media: voice },
  ];
  journal = makeJournal({ startedAtMs: STARTED, durationMs: DURATION_MS, tracks });
});

t.after(async () => {
  await relay?.kill();
  rmSync(relay.dataDir, { recursive: true, force: true });
});

async function newSession(): Promise<number> {
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const { session } = await technician.request('createSession', { fields: NO_FIELDS, method: 'pin' });
  technician.close();
  return session.id;
}

function put(sessionId: number, bytes: Uint8Array, part = 1): void {
  mkdirSync(join(relay.dataDir, 'recordings'), { recursive: true });
  writeFileSync(join(relay.dataDir, 'recordings', `${sessionId}-${part}.journal`), bytes);
}

const files = (sessionId: number) =>
  readdirSync(join(relay.dataDir, 'recordings')).filter((name) => name.startsWith(`${sessionId}`));

async function restart(): Promise<void> {
  await relay.kill();
  relay = await startRelay({ dataDir: relay.dataDir, port: relay.port });
}

function ask(sessionId: number, rest = '', init: RequestInit = {}): Promise<Response> {
  const headers = { cookie, origin: relay.origin, ...(init.headers as Record<string, string> | undefined) };
  return fetch(`${relay.origin}/api/sessions/${sessionId}/recording${rest}`, { ...init, headers });
}

async function view(sessionId: number): Promise<PlaybackView> {
  return (await (await ask(sessionId, '/state')).json()) as PlaybackView;
}

async function ready(sessionId: number): Promise<Extract<PlaybackView, { state: 'ready' }>> {
  await until(`recording ${sessionId} to be ready`, async () =>
    ['ready', 'failed'].includes((await view(sessionId)).state),
  );
  const found = await view(sessionId);
  if (found.state !== 'ready') {
    throw new Error(JSON.stringify(found));
  }
  return found;
}

async function logged(sessionId: number): Promise<string[]> {
  const { json } = await callApi(relay.origin, 'GET /api/sessions/:id', undefined, { cookie, id: sessionId });
  return json.events.flatMap(({ type, data }) => {
    const isOurs = ['recordingViewed', 'recordingDownloaded', 'recordingDeleted'].includes(type);
    return isOurs ? [[type, data['format']].filter(Boolean).join(' ')] : [];
  });
}

t.test('journals that a crash left are films after the next start', async (t) => {
  const id = await newSession();
  t.equal((await view(id)).state, 'none');
  t.equal((await ask(id)).status, 404);
  put(id, journal);
  await restart();
  const { durationMs, hasPicture, stretches, speakers, formats } = await ready(id);
  t.ok(Math.abs(durationMs - DURATION_MS) <= 1);
  t.equal(hasPicture, true);
  t.match(stretches, [{ fileMs: 0, epochMs: STARTED }]);
  t.same(
    speakers.map(({ party }) => party),
    ['customer', 'technician'],
  );
  t.same(formats, { webm: 1, mkv: 0, mp4: 0, wav: 0 });
  t.same(files(id).sort(), [`${id}-1.journal`, `${id}.peaks.json`, `${id}.sheet.jpg`, `${id}.webm`]);

  const whole = await ask(id);
  t.equal(whole.status, 200);
  t.equal(whole.headers.get('content-type'), 'video/webm');
  const bytes = Buffer.from(await whole.arrayBuffer());
  t.equal(String(bytes.length), whole.headers.get('content-length'));
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(new Uint8Array(bytes)) });
  t.ok(Math.abs(1_000 * (await input.computeDuration()) - DURATION_MS) < 100);
  input.dispose();

  const range = async (header: string, more = {}) => {
    const answer = await ask(id, '', { headers: { range: header, ...more } });
    return {
      status: answer.status,
      range: answer.headers.get('content-range'),
      body: Buffer.from(await answer.arrayBuffer()),
    };
  };
  const size = bytes.length;
  const middle = await range('bytes=1000-70999');
  t.match(middle, { status: 206, range: `bytes 1000-70999/${size}` });
  t.ok(middle.body.equals(bytes.subarray(1_000, 71_000)));
  t.ok((await range('bytes=-500')).body.equals(bytes.subarray(-500)));
  t.ok((await range(`bytes=${size - 3}-`)).body.equals(bytes.subarray(-3)));
  t.match(await range(`bytes=${size}-`), { status: 416, range: `bytes */${size}` });
  t.equal((await range('bytes=5-2')).status, 200, 'nonsense is no range');
  t.equal((await range('bytes=0-1,5-6')).status, 200, 'several are not answered');
  t.equal((await range('bytes=0-9', { 'if-range': '"other"' })).status, 200, 'the file has changed');
  t.match((await ask(id, '', { method: 'HEAD' })).headers.get('content-length'), String(size));
  t.same(await logged(id), ['recordingViewed'], 'one view, however often it was asked for');
  const sheet = Buffer.from(await (await ask(id, '/sheet')).arrayBuffer());
  t.equal(sheet.toString('hex', 0, 3), 'ffd8ff');
});

t.test('other formats are made when they are asked for', async (t) => {
  const id = await newSession();
  put(id, journal);
  t.equal((await ask(id, '', { method: 'POST' })).status, 202);
  await ready(id);
  t.equal((await ask(id, '?format=avi')).status, 400);
  for (const [format, head] of [
    ['wav', 'RIFF'],
    ['mp4', 'ftyp'],
  ] as const) {
    const first = await ask(id, `?format=${format}`);
    t.equal(first.status, 202);
    t.type(((await first.json()) as { done: number }).done, 'number');
    await until(
      `${format} to be made`,
      async () => (await ask(id, `?format=${format}`, { method: 'HEAD' })).status === 200,
    );
    const answer = await ask(id, `?format=${format}`);
    t.match(answer.headers.get('content-disposition'), `attachment; filename="session-${id}.${format}"`);
    t.ok(
      Buffer.from(await answer.arrayBuffer())
        .toString('latin1', 0, 12)
        .includes(head),
    );
  }
  t.same(await logged(id), ['recordingDownloaded wav', 'recordingDownloaded mp4']);
});

t.test('another part makes it anew; what cannot be read is said; nothing holds up the others', async (t) => {
  const id = await newSession();
  const broken = await newSession();
  put(broken, Buffer.from('not a journal'));
  put(id, journal);
  await ask(broken, '', { method: 'POST' });
  await ask(id, '', { method: 'POST' });
  const before = await ready(id);
  const next = journal.subarray(0, journal.length / 2);
  put(id, next, 2);
  await ask(id, '', { method: 'POST' });
  await until('both parts to be in it', async () => (await ready(id)).durationMs > before.durationMs);
  t.equal((await ready(id)).stretches.length, 2);
  t.same(await view(broken), { state: 'failed', problem: 'nothingRecorded' });
  t.equal((await ask(broken)).status, 404);
});

t.test('killed while it is made: nothing half is shown, and the next start makes it', async (t) => {
  const id = await newSession();
  put(id, journal);
  await ask(id, '', { method: 'POST' });
  await until('the work to have begun', async () => files(id).some((name) => /raw|part/.test(name)));
  await restart();
  const { durationMs } = await ready(id);
  t.ok(Math.abs(durationMs - DURATION_MS) <= 1);
  t.notOk(
    files(id).some((name) => name.endsWith('.part') || name.endsWith('.raw')),
    files(id).join(' '),
  );
});

t.test(
  'only who may see the session sees its recording, and deleting leaves a line and no file',
  async (t) => {
    const id = await newSession();
    put(id, journal);
    await ask(id, '', { method: 'POST' });
    await ready(id);
    t.equal((await fetch(`${relay.origin}/api/sessions/${id}/recording`)).status, 401);
    const colleague = { name: 'Bea', nickname: '', email: 'bea@example.org', password: 'twelve characters' };
    await callApi(relay.origin, 'POST /api/technicians', { ...colleague, role: 'technician' }, { cookie });
    const other = await signIn(relay.origin, { email: colleague.email, password: colleague.password });
    for (const path of ['', '/state', '/sheet']) {
      t.not((await ask(id, path, { headers: { cookie: other } })).status, 200, `a colleague: ${path}`);
    }
    t.not((await ask(id, '', { method: 'DELETE', headers: { cookie: other } })).status, 200);
    t.equal(
      (await ask(id, '', { method: 'DELETE', headers: { origin: 'https://evil.example' } })).status,
      403,
    );
    t.equal((await ask(id, '', { method: 'PUT' })).status, 405);
    t.equal((await ask(id, '', { method: 'DELETE' })).status, 200);
    t.same(files(id), []);
    t.same(await logged(id), ['recordingDeleted']);
    t.same(await view(id), { state: 'none' });
    t.equal((await ask(id, '', { method: 'DELETE' })).status, 404);
    await restart();
    t.same(await view(id), { state: 'none' });
  },
);

t.end();
