/**
 * Networks that block UDP. Real: relay and worker, coturn from Debian's package with the documented configuration, TLS
 * over TCP to it, two Chromium pages that may not use UDP. Faked: camera and microphone, and the block itself, which is
 * Chromium's policy for WebRTC instead of a firewall.
 */
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import { type Instrumented, launchChromium } from '../support/chromium.ts';
import { hearsSound, seesMovement } from '../support/media-probe.ts';
import { Customer, Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { startTurnServer, type TurnServer } from '../support/turn-server.ts';

/** WebRTC may use UDP only through a proxy, and there is none. */
const NO_UDP = '--webrtc-ip-handling-policy=disable_non_proxied_udp';
/** The certificate of the TURN server under test is its own. */
const ANY_CERTIFICATE = '--ignore-certificate-errors';

type Path = { local: string; relayProtocol: string; candidates: string[] };

/** How the newest connection of the page goes, and everything that it could have used, as `type protocol relayProtocol`. */
function pathOf(page: Page): Promise<Path> {
  return page.evaluate(async () => {
    const { connections } = window as unknown as Instrumented;
    const stats = [...((await connections.at(-1)?.getStats()) ?? new Map()).values()];
    const transport = stats.find(({ type }) => type === 'transport');
    const pair = stats.find(({ id }) => id === transport?.selectedCandidatePairId);
    const local = stats.filter(({ type }) => type === 'local-candidate');
    const used = local.find(({ id }) => id === pair?.localCandidateId);
    return {
      local: used?.candidateType ?? 'none',
      relayProtocol: used?.relayProtocol ?? 'none',
      candidates: local.map(
        ({ candidateType, protocol, relayProtocol }) =>
          `${candidateType} ${candidateType === 'relay' ? relayProtocol : protocol}`,
      ),
    };
  });
}

let turn: TurnServer;
let relay: RelayProcess;

t.before(async () => {
  turn = await startTurnServer();
  relay = await startRelay({
    env: {
      FERNBLICK_TURN_URLS: turn.url,
      FERNBLICK_TURN_SECRET: turn.secret,
      FERNBLICK_MAX_ACTIVE_SESSIONS: '10',
    },
  });
});

t.after(async () => {
  await relay?.stop();
  await turn?.stop();
});

async function session(browser: Browser): Promise<{ technician: Technician; customer: Customer }> {
  const technician = await Technician.signIn(browser, relay.origin, 'en');
  const pin = await technician.createPin();
  const customer = await Customer.open(browser, relay.origin, 'en');
  await customer.typePin(pin);
  await customer.join();
  await technician.sees(technician.words.customerConnected);
  await Promise.all([customer.mediaConnected(), technician.mediaConnected()]);
  await technician.start();
  await seesMovement(technician.page, technician.words.customerCamera);
  await Promise.all([hearsSound(technician.page), hearsSound(customer.page)]);
  return { technician, customer };
}

t.test('where UDP is blocked, picture and voice go through the TURN server over TLS', async (t) => {
  const browser = await launchChromium([NO_UDP, ANY_CERTIFICATE]);
  t.teardown(() => browser.close());
  const { technician, customer } = await session(browser);
  t.pass('the technician sees the picture move, and both hear each other');
  for (const { page } of [technician, customer]) {
    const path = await pathOf(page);
    t.match(path, { local: 'relay', relayProtocol: 'tls' });
    t.notOk(
      path.candidates.some((candidate) => candidate.includes('udp')),
      `no UDP was there to be used: ${path.candidates.join(', ')}`,
    );
  }
});

t.test('where UDP works, the TURN server is left alone', async (t) => {
  const browser = await launchChromium([ANY_CERTIFICATE]);
  t.teardown(() => browser.close());
  const { technician, customer } = await session(browser);
  for (const { page } of [technician, customer]) {
    const { candidates } = await pathOf(page);
    t.ok(candidates.includes('host udp'), candidates.join(', '));
    t.notOk(candidates.some((candidate) => candidate.startsWith('relay')));
  }
});

t.end();
