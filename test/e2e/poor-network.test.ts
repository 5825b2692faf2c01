/**
 * What people get of each other where the network carries no video. Real: the relay with its media worker, the built pages,
 * two Chromium contexts, WebRTC. Faked: camera and microphone, and the network, by a proxy that drops the customer's UDP.
 */
import type { Browser } from 'playwright-core';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
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

t.test(
  'without UDP the technician sees stills that change, and video as soon as it gets through',
  async (test) => {
    const link = await ImpairedLink.open({ relayPort: relay.port });
    test.teardown(() => link.close());
    link.blockUdp(true);
    const technician = await Technician.signIn(browser, relay.origin, 'en');
    const pin = await technician.createPin('Ada Lovelace');
    const customer = await Customer.open(browser, link.origin, 'de', { link });
    await customer.typePin(pin);
    await customer.join();
    await technician.sees(technician.words.customerConnected);
    await technician.start();

    const still = technician.page.getByRole('img', { name: technician.words.customerCamera, exact: true });
    await technician.sees('single stills arrive instead');
    await still.waitFor();
    await technician.sees(/^Still, \d+ s ago$/);
    await customer.sees('Der Techniker sieht jede Sekunde ein Foto.');
    // One at a time is drawn; each has an address of its own.
    const shown = new Set<string>();
    await until('three different stills', async () => {
      shown.add((await still.getAttribute('src')) ?? '');
      return shown.size >= 3;
    });
    const size = await still.evaluate((image) => {
      const { naturalWidth, naturalHeight } = image as HTMLImageElement;
      return { naturalWidth, naturalHeight };
    });
    test.ok(
      size.naturalWidth >= 640 && size.naturalHeight >= 360,
      `${size.naturalWidth}x${size.naturalHeight}`,
    );

    await customer.press(customer.words.pauseCamera);
    await technician.sees('Camera paused by the customer');
    // That something does not come can only be seen by waiting for longer than it would take.
    let latest = { src: '', at: performance.now() };
    await until('one and a half seconds without a new still', async () => {
      const src = (await still.count()) === 0 ? '' : ((await still.getAttribute('src')) ?? '');
      if (src !== latest.src) {
        latest = { src, at: performance.now() };
      }
      return performance.now() - latest.at >= 1_500;
    });
    test.pass('a paused camera sends no stills');
    await customer.press('Kamera fortsetzen');

    link.blockUdp(false);
    await seesMovement(technician.page, technician.words.customerCamera);
    test.pass('live video again');
    await until('the still to go', async () => (await still.count()) === 0);
    await until('nothing to be said about the picture any more', async () => {
      return (await customer.page.getByText('jede Sekunde ein Foto').count()) === 0;
    });

    link.blockUdp(true);
    await technician.sees('single stills arrive instead');
    await still.waitFor();
    test.pass('and stills when it is blocked again in the middle of the call');
    await technician.page.getByText('Active', { exact: true }).first().waitFor();
    await technician.end();
    await customer.goAway();
    await technician.goAway();
  },
);

t.end();
