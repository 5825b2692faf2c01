/**
 * kill -9 of the front while a photo is on its way: what was acknowledged is there, and it goes on from there. Real: relay
 * processes, WebSockets, the page's own sender, SQLite and files on disk, SIGKILL, the download. Faked: the phone and its camera.
 */
import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import t from 'tap';
import { sendPhoto } from '../../relay/client/photo-sender.ts';
import { PHOTO_FRAME, type PhotoPartResult } from '../../relay/protocol.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { acceptTerms, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

const BYTES = 3_000_000;
/** After so many bytes the relay is killed. */
const KILLS = [300_000, 1_200_000, 2_500_000];

let relay: RelayProcess;

t.before(async () => {
  relay = await startRelay();
});

t.after(async () => {
  // Its session is never ended, and a polite end would wait for that.
  await relay.kill();
  rmSync(relay.dataDir, { recursive: true, force: true });
});

/** A JPEG of 4000 x 3000 as far as the relay looks. */
function photo(): Buffer {
  const head = Buffer.from('ffd8ffc00011080bb80fa003012200021101031101', 'hex');
  return Buffer.concat([head, randomBytes(BYTES - head.length)]);
}

t.test('a photo survives three kills of the relay', { timeout: 120_000 }, async (t) => {
  const cookie = await signIn(relay.origin);
  const technician = await SignallingClient.technician(relay.origin, cookie);
  const { session } = await technician.request('createSession', { fields: NO_FIELDS, method: 'pin' });
  let customer = await SignallingClient.customer(relay.origin);
  const claim = await customer.request('claimPin', { pin: session.invitation?.pin ?? '' });
  let { resume } = await acceptTerms(customer, claim);
  await technician.request('startSession', { sessionId: session.id });
  technician.close();

  const bytes = photo();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const kills = [...KILLS];
  let acknowledged = 0;
  let restarting: Promise<void> | undefined;
  async function killAndRestart(): Promise<void> {
    await relay.kill();
    relay = await startRelay({ dataDir: relay.dataDir, port: relay.port });
    customer = await SignallingClient.customer(relay.origin, resume);
    resume = customer.helloResult?.resume ?? resume;
    const { photos } = await customer.request('openPhotos', { sessionId: session.id });
    t.ok(
      (photos[0]?.receivedBytes ?? 0) >= acknowledged,
      `${photos[0]?.receivedBytes} bytes are there, ${acknowledged} were acknowledged`,
    );
  }
  const outcome = await sendPhoto(
    {
      sessionId: session.id,
      offer: (params) => customer.request('offerPhoto', params),
      sendPart: async (content) => {
        const sending = customer.upload(PHOTO_FRAME, content);
        const [next] = kills;
        if (next !== undefined && acknowledged >= next) {
          kills.shift();
          restarting = killAndRestart();
        }
        return (await sending) as PhotoPartResult;
      },
      progress: (_photoId, receivedBytes) => {
        acknowledged = Math.max(acknowledged, receivedBytes);
      },
      now: () => performance.now(),
      wait: async (ms) => {
        await restarting;
        await new Promise((resolve) => setTimeout(resolve, ms));
      },
    },
    0,
    { type: 'image/jpeg', bytes, sha256 },
    new AbortController().signal,
  );
  t.match(outcome, { kept: true });
  t.equal(kills.length, 0);

  const photoId = outcome.kept ? outcome.photoId : 0;
  const address = `${relay.origin}/api/sessions/${session.id}/photos/${photoId}`;
  const answer = await fetch(address, { headers: { Cookie: cookie } });
  t.equal(answer.status, 200);
  t.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes), 'byte by byte what the phone had');
  t.match(Object.fromEntries(answer.headers), {
    'content-type': 'image/jpeg',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-disposition': `attachment; filename="session-${session.id}-photo-${photoId}.jpg"`,
  });
  t.equal((await fetch(address)).status, 401, 'and nothing for whoever is not signed in');
  for (const [path, status] of [
    [`/api/sessions/${session.id}/photos/99`, 404],
    [`/api/sessions/${session.id + 1}/photos/${photoId}`, 400],
    [`/api/sessions/${session.id}/photos/x`, 404],
    [`/api/sessions/${session.id}/photos/..%2f..%2fserver.key`, 404],
  ] as const) {
    t.equal((await fetch(relay.origin + path, { headers: { Cookie: cookie } })).status, status, path);
  }
  customer.close();
});

t.end();
