/**
 * A channel as people use it: the administrator makes it, customers come by its page without PIN, wait in the queue, and
 * whoever of the group starts has the session. Real: relay, media worker, pages, Chromium. Faked: camera and microphone.
 */
import type { Browser } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { seesMovement } from '../support/media-probe.ts';
import { Customer, Technician } from '../support/people.ts';
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

t.test('from the administrator’s form to the picture of the customer who was first', async (t) => {
  const { origin } = relay;
  const technician = await Technician.signIn(browser, origin, 'en');
  const { page } = technician;
  await page.goto(`${origin}/console/admin/channels`);
  await technician.press('Add channel');
  const dialog = page.getByRole('dialog', { name: 'Add channel' });
  await dialog.getByLabel('Name in the address').fill('boilers');
  await dialog.getByLabel('Heading (English)').fill('Boiler help');
  await dialog.getByLabel('Heading (German)').fill('Hilfe zur Heizung');
  await dialog.getByLabel('Text (German)').fill('Zeigen Sie uns Ihre Anlage.');
  await dialog.getByLabel('Opening hours (German)').fill('Montag bis Freitag, 8–17 Uhr');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await technician.sees('/c/boilers');
  await page.getByRole('link', { name: 'Poster boilers' }).click();
  await page.getByRole('img', { name: 'QR code of the page' }).waitFor();
  await technician.sees(`${new URL(origin).host}/c/boilers`);
  await page.goto(`${origin}/console`);
  await page.getByRole('button', { name: technician.words.newSession, exact: true }).first().waitFor();

  const [first, second] = [
    await Customer.open(browser, `${origin}/c/boilers`, 'de'),
    await Customer.open(browser, `${origin}/c/boilers`, 'en'),
  ];
  await first.page.getByRole('heading', { name: 'Hilfe zur Heizung' }).waitFor();
  await first.sees('Montag bis Freitag, 8–17 Uhr');
  await first.press('Video-Hilfe starten');
  await first.join();
  await first.sees('Sie sind als Nächstes dran.');
  await second.press('Start video support');
  await second.join();
  await second.sees('You are number 2 in the queue.');

  const next = page.getByRole('row').filter({ hasText: 'boilers, place 1' });
  await next.getByRole('button', { name: 'Start Customer' }).click();
  await seesMovement(page, technician.words.customerCamera);
  t.pass('one press on Start shows the picture of who was first');
  await second.sees('You are next.');
  await second.page.reload();
  await second.sees('You are next.');
  t.pass('a reload keeps the place');
  await technician.end();
  await first.page.getByRole('heading', { name: first.words.sessionOver }).waitFor();
  for (const person of [first, second, technician]) {
    await person.goAway();
  }
});

t.test('with nobody there the page of a channel says so, and opens as soon as somebody is', async () => {
  const { origin } = relay;
  const technician = await Technician.signIn(browser, origin, 'en');
  const { page } = technician;
  await page.goto(`${origin}/console/admin/channels`);
  await page.getByRole('button', { name: 'Edit boilers' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit channel' });
  await dialog
    .getByLabel('When nobody of the group is signed in')
    .selectOption('Customers read a text and cannot wait');
  await dialog.getByLabel('Text meanwhile (English)').fill('We are back on Monday.');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await technician.goAway();

  const customer = await Customer.open(browser, `${origin}/c/boilers`, 'en');
  await customer.sees('We are back on Monday.');
  const back = await Technician.signIn(browser, origin, 'en');
  await customer.press(customer.words.tryAgain);
  await customer.page.getByRole('button', { name: 'Start video support' }).waitFor();
  await customer.goAway();
  await back.goAway();
});

t.end();
