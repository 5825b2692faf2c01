/**
 * The main job, as people do it. Real: the relay with its media worker as processes of their own, the built pages, two
 * Chromium contexts, ICE, DTLS, SRTP, VP8 and Opus over loopback. Faked: camera and microphone (Chromium's own test
 * picture and beep).
 */
import type { Browser } from 'playwright-core';
import t, { type Test } from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { devicesAreOff, hearsSound, rtpPacketsSent, seesMovement, until } from '../support/media-probe.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

let relay: RelayProcess;
let browser: Browser;

t.before(async () => {
  relay = await startRelay();
  browser = await launchChromium(SLOW_CAMERA);
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
});

async function wholeSession(
  test: Test,
  tongue: Tongue,
  by: 'pin' | 'link',
  { origin }: RelayProcess = relay,
): Promise<void> {
  const technician = await Technician.signIn(browser, origin, tongue);
  let customer: Customer;
  if (by === 'pin') {
    const pin = await technician.createPin('Ada Lovelace');
    test.match(pin, /^\d{6}$/, 'the dialog shows six digits');
    customer = await Customer.open(browser, origin, tongue);
    await customer.typePin(pin);
  } else {
    customer = await Customer.open(browser, await technician.createLink('Ada Lovelace'), tongue);
    await customer.press(customer.words.skip);
  }
  await customer.join();

  await technician.sees(technician.words.customerConnected);
  await Promise.all([customer.mediaConnected(), technician.mediaConnected()]);
  test.equal(await rtpPacketsSent(customer.page), 0, 'not one RTP packet leaves the phone before Start');

  await technician.start();
  await seesMovement(technician.page, technician.words.customerCamera);
  test.pass('the technician sees the picture of the customer move');
  await Promise.all([hearsSound(technician.page), hearsSound(customer.page)]);
  test.pass('both hear each other');
  test.ok((await rtpPacketsSent(customer.page)) > 0, 'the packets come from the phone');

  await technician.end();
  await customer.page.getByRole('heading', { name: customer.words.sessionOver }).waitFor();
  await until('camera and microphone of the customer to be off', () => devicesAreOff(customer.page));
  test.pass('the end reaches the customer and switches the camera off');
  await customer.goAway();
  await technician.goAway();
}

t.test('a session by PIN, in English', (test) => wholeSession(test, 'en', 'pin'));
t.test('a session by PIN, in German', (test) => wholeSession(test, 'de', 'pin'));
t.test('a session by link, with one UDP port per worker and announced addresses', async (test) => {
  const strict = await startRelay({
    env: {
      FERNBLICK_MEDIA_MUX: 'true',
      FERNBLICK_MEDIA_WORKERS: '2',
      FERNBLICK_ANNOUNCED_IPS: '127.0.0.1',
    },
  });
  await wholeSession(test, 'de', 'link', strict);
  await strict.stop();
});

t.end();
