/**
 * Every screen and state, reached as people reach it: a real relay, real pages, Chromium's fake camera. Screenshots and
 * the accessibility test look at the same stops.
 */
import type { Browser, Page } from 'playwright-core';
import { type ContextOptions, PHONE } from './chromium.ts';
import { ImpairedLink } from './impairment-proxy.ts';
import { Customer, Technician, type Tongue } from './people.ts';
import { startRelay } from './relay-process.ts';
import { signIn } from './signalling-client.ts';
import { tourWork } from './tour-work.ts';

export type TourOptions = {
  browser: Browser;
  tongue: Tongue;
  dark?: boolean;
  /** The customer's screen. */
  phone?: ContextOptions['viewport'];
  /** Called at each stop, in a fixed order; the next one waits for it. */
  visit: (stop: string, page: Page) => Promise<void>;
};

export type Stops = TourOptions & { origin: string };

/** How a browser says no, for the pages that explain what to do then. */
const CAMERA_REFUSALS = {
  denied: 'NotAllowedError',
  missing: 'NotFoundError',
  'in-use': 'NotReadableError',
} as const;

async function tourCapturePage({ browser, tongue, dark = false, phone = PHONE, origin, visit }: Stops) {
  const look = { dark, viewport: phone };
  for (const [stop, errorName] of Object.entries(CAMERA_REFUSALS)) {
    const technician = await Technician.signIn(browser, origin, tongue);
    const pin = await technician.createPin();
    await technician.goAway();
    const customer = await Customer.open(browser, origin, tongue, look);
    await customer.page.evaluate((name) => {
      const { mediaDevices } = navigator;
      mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name));
      if (name === 'NotFoundError') {
        mediaDevices.enumerateDevices = async () => [];
      }
    }, errorName);
    await customer.typePin(pin);
    await customer.press(customer.words.allowCamera);
    await customer.page.getByRole('button', { name: customer.words.tryAgain }).waitFor();
    await visit(`capture-camera-${stop}`, customer.page);
    await customer.goAway();
  }
  const stranger = await Customer.open(browser, `${origin}/j/${'A'.repeat(43)}`, tongue, look);
  await stranger.page.getByRole('heading', { name: stranger.words.linkDoesNotOpen }).waitFor();
  await visit('capture-link-unknown', stranger.page);
  await stranger.goAway();
}

async function tourConsolePage({ browser, tongue, dark = false, origin, visit }: Stops) {
  const { page } = await Technician.openPage(browser, tongue, { dark });
  const technician = new Technician(page, tongue);
  await page.goto(`${origin}/console`);
  await page.getByRole('button', { name: technician.words.signIn, exact: true }).waitFor();
  await visit('console-sign-in', page);
  await page.goto(`${origin}/console/set-up?token=${'A'.repeat(43)}`);
  await page.getByLabel(technician.words.email).waitFor();
  await visit('console-set-up', page);
  await technician.goAway();

  const signedIn = await Technician.signIn(browser, origin, tongue, { dark });
  await signedIn.page.goto(`${origin}/console/admin`);
  await signedIn.page.getByRole('button', { name: signedIn.words.addTechnician }).waitFor();
  await visit('console-admin', signedIn.page);
  await signedIn.press(signedIn.words.addTechnician);
  await signedIn.page.getByRole('dialog').waitFor();
  await visit('console-admin-add', signedIn.page);
  await signedIn.goAway();
}

/** One session from both ends. */
async function tourSession(stops: Stops) {
  const { browser, tongue, dark = false, phone = PHONE, origin, visit } = stops;
  const technician = await Technician.signIn(browser, origin, tongue, { dark });
  const dialog = technician.page.getByRole('dialog');
  await visit('console-list-empty', technician.page);
  await technician.openDialog('Ada Lovelace');
  for (const tab of ['smsTab', 'emailTab', 'linkTab', 'pinTab'] as const) {
    await dialog.getByRole('tab', { name: technician.words[tab], exact: true }).click();
    await visit(`console-new-${tab}`, technician.page);
  }
  const pin = await technician.readNewPin();
  await visit('console-new-pin-shown', technician.page);

  const link = await ImpairedLink.open({ relayPort: Number(new URL(origin).port) });
  const customer = await Customer.open(browser, link.origin, tongue, { dark, viewport: phone, link });
  const heading = (name: string) => customer.page.getByRole('heading', { name }).waitFor();
  await customer.page.getByRole('button', { name: customer.words.skip, exact: true }).waitFor();
  await visit('capture-tutorial', customer.page);
  await customer.typePin('000001');
  await customer.sees(customer.words.pinDoesNotOpen);
  await visit('capture-pin-wrong', customer.page);
  await customer.page.getByLabel(customer.words.pin).fill(pin);
  await customer.press(customer.words.connect);
  await customer.page.getByRole('button', { name: customer.words.allowCamera }).waitFor();
  await visit('capture-camera-question', customer.page);
  await customer.press(customer.words.allowCamera);
  await customer.page.getByRole('button', { name: customer.words.proceed, exact: true }).waitFor();
  await visit('capture-preview', customer.page);
  await customer.press(customer.words.proceed);
  await customer.page.getByRole('button', { name: customer.words.accept, exact: true }).waitFor();
  await visit('capture-terms', customer.page);
  await customer.press(customer.words.accept);
  await heading(customer.words.pleaseWait);
  await visit('capture-waiting', customer.page);
  await technician.sees(technician.words.customerConnected);
  await visit('console-customer-connected', technician.page);
  await Promise.all([customer.mediaConnected(), technician.mediaConnected()]);

  await technician.start();
  await customer.page.getByRole('button', { name: customer.words.disconnect }).first().waitFor();
  await technician.pictureArrives();
  await visit('console-live', technician.page);
  for (const panel of ['view', 'quality', 'shortcuts'] as const) {
    const name = technician.words[panel];
    await technician.press(name);
    await technician.page.getByRole('dialog', { name }).waitFor();
    await visit(`console-${panel}`, technician.page);
    await technician.page.keyboard.press('Escape');
  }
  await visit('capture-live', customer.page);
  await tourInterruptions(technician, customer, link, visit);
  await customer.press(customer.words.pauseCamera);
  await visit('capture-live-paused', customer.page);
  await customer.page.getByRole('button', { name: customer.words.disconnect }).first().click();
  await customer.page.getByRole('button', { name: customer.words.stay, exact: true }).waitFor();
  await visit('capture-disconnect-question', customer.page);
  await customer.press(customer.words.stay);

  await technician.page.getByRole('link', { name: technician.words.sessions }).first().click();
  await technician.page.getByRole('grid').waitFor();
  await visit('console-list', technician.page);
  const other = await Technician.signIn(browser, origin, tongue, { dark });
  await technician.sees(technician.words.useHere);
  await visit('console-superseded', technician.page);
  await technician.goAway();

  await customer.page.getByRole('button', { name: customer.words.disconnect }).first().click();
  await customer.press(customer.words.yesDisconnect);
  await heading(customer.words.sessionOver);
  await visit('capture-ended', customer.page);
  await customer.goAway();
  await link.close();
  await other.page.getByRole('row').filter({ hasText: 'Ada Lovelace' }).first().dblclick();
  await other.page.getByRole('button', { name: other.words.remove }).first().waitFor();
  await visit('console-ended', other.page);
  await other.goAway();
}

/** What both sides read while the other one is away; afterwards the session is as before. */
async function tourInterruptions(
  technician: Technician,
  customer: Customer,
  link: ImpairedLink,
  visit: Stops['visit'],
) {
  await customer.lockPhone(true);
  await technician.sees(technician.words.phoneLocked);
  await technician.pictureIsPaused();
  await visit('console-phone-locked', technician.page);
  await customer.lockPhone(false);
  await technician.noLongerSees(technician.words.phoneLocked);

  link.cutTcp();
  await customer.sees(customer.words.connectionCut);
  await visit('capture-connection-cut', customer.page);
  await technician.sees(technician.words.customerCut);
  await visit('console-customer-cut', technician.page);
  link.restoreTcp();
  await technician.noLongerSees(technician.words.customerCut);
  await customer.noLongerSees(customer.words.connectionCut);

  const console = technician.page.url();
  await technician.page.goto('about:blank');
  await customer.sees(customer.words.technicianAway);
  await visit('capture-technician-away', customer.page);
  await technician.page.goto(console);
  await technician.pictureArrives();
  await customer.noLongerSees(customer.words.technicianAway);
}

/** Up to a session with its interruptions; and what is done in one, before and afterwards. */
export type TourPart = 'joining' | 'work';

/** Visits all stops in one language, or those of some parts. */
export async function tour(
  options: TourOptions,
  parts: readonly TourPart[] = ['joining', 'work'],
): Promise<void> {
  const relay = await startRelay();
  try {
    const stops = { ...options, origin: relay.origin };
    if (parts.includes('joining')) {
      await tourConsolePage(stops);
      await tourSession(stops);
      await tourCapturePage(stops);
    }
    if (parts.includes('work')) {
      await tourWork(stops, await signIn(relay.origin));
    }
  } finally {
    await relay.stop();
  }
}
