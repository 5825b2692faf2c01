/**
 * What people do and what happens to them while a session runs: reloads, lost sockets and addresses, locked phones, calls,
 * a relay that dies. Real: relay and worker as processes, two Chromium pages, ICE, DTLS and SRTP, a link between the
 * customer and the relay that is cut and moved (support/impairment-proxy.ts). Faked: camera and microphone (Chromium's own),
 * and what only a phone's system does: hiding the page and taking the camera away are told to the page as the system would.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { type Instrumented, launchChromium } from '../support/chromium.ts';
import { ImpairedLink } from '../support/impairment-proxy.ts';
import { hearsSound, seesMovement, until } from '../support/media-probe.ts';
import { Customer, Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'fernblick-reconnect-'));
let relay: RelayProcess;
let browser: Browser;

t.before(async () => {
  relay = await startRelay({ dataDir });
  browser = await launchChromium();
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

type Session = { technician: Technician; customer: Customer; link: ImpairedLink };

/** A running session whose customer is behind a link of their own; ended with the test. */
async function session(test: Test): Promise<Session> {
  const link = await ImpairedLink.open({ relayPort: relay.port });
  const technician = await Technician.signIn(browser, relay.origin, 'en');
  const pin = await technician.createPin('Ada Lovelace');
  const customer = await Customer.open(browser, link.origin, 'en', { link });
  await customer.typePin(pin);
  await customer.join();
  await technician.sees(technician.words.customerConnected);
  await Promise.all([customer.mediaConnected(), technician.mediaConnected()]);
  await technician.start();
  test.teardown(async () => {
    link.restoreTcp();
    await technician.end();
    await Promise.all([technician.goAway(), customer.goAway()]);
    await link.close();
  });
  const running = { technician, customer, link };
  await goesOn(running);
  return running;
}

/** Picture and sound, both ways, from now on. */
async function goesOn({ technician, customer }: Session): Promise<void> {
  await seesMovement(technician.page, technician.words.customerCamera);
  await Promise.all([hearsSound(technician.page), hearsSound(customer.page)]);
}

function connectionCount(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as Instrumented).connections.length);
}

const gone = (page: Page, text: RegExp) => page.getByText(text).first().waitFor({ state: 'hidden' });

t.test('the customer reloads the page: it comes back by itself, and as muted as it was', async (test) => {
  const running = await session(test);
  const { customer, technician } = running;
  await customer.press('Mute microphone');
  await customer.page.getByText('Your microphone is muted').waitFor();
  await customer.page.reload();
  await seesMovement(technician.page, technician.words.customerCamera);
  await customer.page.getByText('Your microphone is muted').waitFor();
  await customer.press('Unmute microphone');
  await goesOn(running);
  test.pass('nobody had to press anything');
});

t.test(
  'the technician reloads the console: it opens on the session, with picture and voice',
  async (test) => {
    const running = await session(test);
    const { technician } = running;
    const { pathname } = new URL(technician.page.url());
    await technician.page.reload();
    await goesOn(running);
    test.equal(new URL(technician.page.url()).pathname, pathname);
    await technician.page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
  },
);

t.test('the customer’s socket is lost: media go on, both are told, and it comes back', async (test) => {
  const running = await session(test);
  const { customer, technician, link } = running;
  const before = await connectionCount(customer.page);
  link.cutTcp();
  await customer.sees('The connection was interrupted.');
  await technician.sees('The customer’s connection was interrupted. Reconnecting…');
  await goesOn(running);
  test.pass('picture and sound went on meanwhile');
  link.restoreTcp();
  await gone(customer.page, /The connection was interrupted\./);
  await gone(technician.page, /The customer’s connection was interrupted/);
  await goesOn(running);
  test.equal(await connectionCount(customer.page), before, 'over the same media connection');
});

t.test('the customer’s address changes: a new connection takes over', async (test) => {
  const running = await session(test);
  const { customer, link } = running;
  const before = await connectionCount(customer.page);
  await link.rebind();
  await until('a new connection', async () => (await connectionCount(customer.page)) > before);
  await goesOn(running);
  await until('the old one to be closed', () =>
    customer.page.evaluate(() => {
      const { connections } = window as unknown as Instrumented;
      return connections.filter(({ connectionState }) => connectionState !== 'closed').length === 1;
    }),
  );
  test.pass('one connection is left');
});

for (const direction of ['up', 'down'] as const) {
  t.test(
    `nothing gets through ${direction === 'up' ? 'from' : 'to'} the customer for a while`,
    async (test) => {
      const running = await session(test);
      const { technician, link } = running;
      link[direction].change({ blackhole: true });
      await technician.page
        .getByText(/Reconnecting…/)
        .first()
        .waitFor();
      if (direction === 'up') {
        await technician.pictureIsPaused();
      }
      link[direction].change({ blackhole: false });
      await goesOn(running);
      await gone(technician.page, /Reconnecting…/);
      test.pass('it went on by itself');
    },
  );
}

t.test('the phone is locked and unlocked again', async (test) => {
  const running = await session(test);
  const { customer, technician } = running;
  await customer.lockPhone(true);
  await technician.sees('The customer’s phone is locked or shows another app. The last picture is shown');
  await technician.pictureIsPaused();
  await customer.lockPhone(false);
  await gone(technician.page, /The customer’s phone is locked/);
  await goesOn(running);
  test.pass('the picture moves again');
});

t.test('a call takes the camera away, and gives it back', async (test) => {
  const running = await session(test);
  const { customer, technician } = running;
  await customer.page.evaluate(() => {
    const { mediaDevices } = navigator;
    const { captured } = window as unknown as Instrumented;
    const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
    const camera = captured.find(({ kind }) => kind === 'video');
    Object.assign(window, { endCall: () => Object.assign(mediaDevices, { getUserMedia }) });
    mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotReadableError'));
    camera?.stop();
    camera?.dispatchEvent(new Event('ended'));
  });
  await technician.sees('A call or another app has taken the customer’s camera. The last picture is shown');
  await customer.sees('The camera was interrupted.');
  await customer.page.evaluate(() => (window as unknown as { endCall: () => void }).endCall());
  await gone(technician.page, /A call or another app/);
  await goesOn(running);
  test.pass('nobody had to press anything');
});

t.test('the relay is killed and started again: everybody comes back by themselves', async (test) => {
  const running = await session(test);
  await relay.kill();
  await running.customer.sees('The connection was interrupted.');
  relay = await startRelay({ dataDir, port: relay.port });
  await goesOn(running);
  await gone(running.customer.page, /The connection was interrupted|The service was started again/);
  test.pass('and the sentences are gone');
});

t.end();
