/**
 * Who may look at an invitation link without using it up: the programs that fetch every link of an SMS or mail, and
 * browsers that stop before the terms. Real: the relay as a process, HTTP, WebSockets, the built pages. Faked: the
 * browsers, which say over the socket what the page's script would say.
 */
import t from 'tap';
import type { SessionView } from '../../relay/protocol.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { acceptTerms, NO_FIELDS, SignallingClient, signIn } from '../support/signalling-client.ts';

/** As those programs name themselves, from their operators' documentation. */
const PREVIEW_AGENTS = [
  'WhatsApp/2.23.20.0 A',
  'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
  'TelegramBot (like TwitterBot)',
  'Twitterbot/1.0',
  'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
  'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) SkypeUriPreview Preview/0.5',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
  '',
];

const PREFETCH_HEADERS: readonly Record<string, string>[] = [
  { 'Sec-Purpose': 'prefetch' },
  { 'Sec-Purpose': 'prefetch;prerender' },
  { Purpose: 'prefetch' },
  { 'X-Purpose': 'preview' },
  { 'X-Moz': 'prefetch' },
];

let relay: RelayProcess;
let technician: SignallingClient;

t.before(async () => {
  // The most talkative level: what it does not say, no level says.
  relay = await startRelay({ env: { FERNBLICK_LOG_LEVEL: 'trace' } });
  technician = await SignallingClient.technician(relay.origin, await signIn(relay.origin));
});

t.teardown(async () => {
  technician?.close();
  await relay?.stop();
});

type Invited = { id: number; link: string; token: string };

async function invite(): Promise<Invited> {
  const { session } = await technician.request('createSession', { fields: NO_FIELDS, method: 'link' });
  const link = session.invitation?.link ?? '';
  return { id: session.id, link, token: link.split('/').at(-1) ?? '' };
}

/** The session as its technician was last told. */
function seen(id: number): SessionView | undefined {
  const told = technician.events.flatMap((event) => (event.type === 'session' ? [event.session] : []));
  return told.findLast((session) => session.id === id);
}

async function loggedTypes(sessionId: number): Promise<string[]> {
  const { events } = await technician.request('openLog', { sessionId });
  return events.map(({ type }) => type);
}

async function joins({ token }: Invited): Promise<SignallingClient> {
  const customer = await SignallingClient.customer(relay.origin);
  await acceptTerms(customer, await customer.request('claimLink', { token }));
  return customer;
}

t.test('a link has 256 bits that no other link has', async (test) => {
  const [one, other] = [await invite(), await invite()];
  test.equal(Buffer.from(one.token, 'base64url').length, 32);
  test.not(one.token, other.token);
});

t.test(
  'programs that look at every link leave no trace, and the customer comes in after them',
  async (test) => {
    const invited = await invite();
    const looks: RequestInit[] = [
      { method: 'HEAD' },
      ...PREVIEW_AGENTS.flatMap((agent) =>
        ['HEAD', 'GET'].map((method) => ({ method, headers: { 'User-Agent': agent } })),
      ),
      ...PREFETCH_HEADERS.map((headers) => ({ headers })),
    ];
    for (const look of looks) {
      const response = await fetch(invited.link, look);
      test.equal(response.status, 200, JSON.stringify(look));
      await response.arrayBuffer();
    }
    test.strictSame(
      (await loggedTypes(invited.id)).filter((type) => type.startsWith('customer')),
      [],
      'the log of the session knows of no customer',
    );
    const customer = await joins(invited);
    test.equal(seen(invited.id)?.status, 'waiting');
    customer.close();
  },
);

t.test('a browser that stops before the terms leaves the link to the next one', async (test) => {
  const invited = await invite();
  // As the browser inside an app, or a scanner that runs scripts: it gets as far as the question for the camera.
  const inApp = await SignallingClient.customer(relay.origin);
  await inApp.request('claimLink', { token: invited.token });
  inApp.terminate();
  const stillOpen = await SignallingClient.customer(relay.origin);
  const claim = await stillOpen.request('claimLink', { token: invited.token });

  const customer = await joins(invited);
  test.equal(seen(invited.id)?.status, 'waiting', 'the customer is in from the second browser');
  await test.rejects(acceptTerms(stillOpen, claim), { code: 'linkUsed' }, 'and nobody else gets in');
  const late = await SignallingClient.customer(relay.origin);
  test.equal(await late.refusal('claimLink', { token: invited.token }), 'linkUsed');
  for (const page of [stillOpen, customer, late]) {
    page.close();
  }
});

t.test('of browsers that accept at the same moment one has the session', async (test) => {
  const invited = await invite();
  const pages = await Promise.all(Array.from({ length: 5 }, () => SignallingClient.customer(relay.origin)));
  const claims = await Promise.all(
    pages.map(async (page) => ({ page, claim: await page.request('claimLink', { token: invited.token }) })),
  );
  const answers = await Promise.allSettled(claims.map(({ page, claim }) => acceptTerms(page, claim)));
  test.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const page of pages) {
    page.close();
  }
});

t.test('a link whose session the technician ends opens nothing any more', async (test) => {
  const invited = await invite();
  const early = await SignallingClient.customer(relay.origin);
  const claim = await early.request('claimLink', { token: invited.token });
  await technician.request('endSession', { sessionId: invited.id });
  const late = await SignallingClient.customer(relay.origin);
  test.equal(await late.refusal('claimLink', { token: invited.token }), 'linkExpired');
  await test.rejects(acceptTerms(early, claim), 'also for who stood before the terms already');
  early.close();
  late.close();
});

t.test('the token stands in no log, no referrer and no cache', async (test) => {
  const invited = await invite();
  const response = await fetch(invited.link);
  const page = await response.text();
  test.equal(response.headers.get('referrer-policy'), 'no-referrer');
  test.match(response.headers.get('cache-control') ?? '', /no-store|no-cache/);
  test.notOk(page.includes(invited.token), 'nor in the page itself');
  // Also what goes wrong must not tell: a request that fails, and an address that nearly is one.
  await (await fetch(`${invited.link}/x`)).arrayBuffer();
  await (await fetch(invited.link, { method: 'POST' })).arrayBuffer();
  const customer = await joins(invited);
  customer.close();
  test.not(relay.log, '', 'the relay did log');
  test.notOk(relay.log.includes(invited.token));
  test.notOk(relay.output.some((line) => line.includes(invited.token)));
});

t.end();
