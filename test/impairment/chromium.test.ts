/**
 * Real pages behind the impairment proxy. Real: relay and worker, two Chromium pages, ICE, DTLS, SRTP, the proxy. Faked:
 * the network behind the proxy, camera and microphone. What the product makes of bad networks is tested elsewhere.
 */
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import { type Instrumented, launchChromium } from '../support/chromium.ts';
import { bothWays } from '../support/impairment.ts';
import { ImpairedLink } from '../support/impairment-proxy.ts';
import { seesMovement, until } from '../support/media-probe.ts';
import { Customer, Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

let relay: RelayProcess;
let browser: Browser;

t.before(async () => {
  relay = await startRelay();
  browser = await launchChromium();
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
});

/** Round trip of the connection's latest check in milliseconds, and where it goes. */
function path(page: Page): Promise<{ roundTripMs: number; port: number }> {
  return page.evaluate(async () => {
    const { connections } = window as unknown as Instrumented;
    const report = await connections.at(-1)?.getStats();
    const values = [...(report?.values() ?? [])];
    const pair = values.find(({ type, nominated, state }) => {
      return type === 'candidate-pair' && nominated && state === 'succeeded';
    });
    const remote = values.find(({ id }) => id === pair?.remoteCandidateId);
    return { roundTripMs: 1_000 * (pair?.currentRoundTripTime ?? 0), port: remote?.port ?? 0 };
  });
}

t.test('a session of two pages that are both behind a link', async (t) => {
  const phoneLink = await ImpairedLink.open({ relayPort: relay.port, ...bothWays({ delayMs: 20 }) });
  const officeLink = await ImpairedLink.open({ relayPort: relay.port, ...bothWays({ delayMs: 10 }) });
  const technician = await Technician.signIn(browser, officeLink.origin, 'en', { link: officeLink });
  const pin = await technician.createPin();
  const customer = await Customer.open(browser, phoneLink.origin, 'en', { link: phoneLink });
  await customer.typePin(pin);
  await customer.join();
  await Promise.all([customer.mediaConnected(), technician.mediaConnected()]);
  await technician.start();
  await seesMovement(technician.page, technician.words.customerCamera);
  // The first answers of a pair may not be in its statistics yet.
  await until('the phone to be 40 ms away', async () => (await path(customer.page)).roundTripMs >= 39);
  await until('the office to be 20 ms away', async () => (await path(technician.page)).roundTripMs >= 19);

  const before = phoneLink.up.counters.packets;
  await until('the media of the phone in its link', () => phoneLink.up.counters.packets > before + 100);
  phoneLink.up.change({ blackhole: true });
  const swallowed = phoneLink.up.counters.blackholed;
  await until('the blackhole to swallow it', () => phoneLink.up.counters.blackholed > swallowed + 50);
  phoneLink.up.change({ blackhole: false });
  await seesMovement(technician.page, technician.words.customerCamera);
  t.pass('the picture goes on');

  await customer.goAway();
  await technician.goAway();
  await phoneLink.close();
  await officeLink.close();
});

t.end();
