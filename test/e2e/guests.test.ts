/**
 * An expert comes into a session by a link of their own. Real: relay, media worker, pages, three browsers' contexts. Faked: cameras and
 * microphones.
 */
import type { Browser } from 'playwright-core';
import t from 'tap';
import { DESKTOP, launchChromium, openContext, SLOW_CAMERA } from '../support/chromium.ts';
import { hearsVoice, hearsVoiceNoMore, seesMovement } from '../support/media-probe.ts';
import { Customer, Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    ...{ participants: 'Participants', expert: /^Expert/, name: 'Name', create: 'Create link', join: 'Join' },
    ...{ yourName: 'Your name', also: 'Also in this session: Robert (expert)', muteBob: 'Mute Robert' },
    ...{
      muted: 'The technician has muted you.',
      removeBob: 'Remove Robert',
      linkGone: 'This link does not open',
    },
    ...{
      put: 'The technician has removed you from the session.',
      joined: 'Robert (expert) joined the session',
    },
    ...{ log: 'Robert (expert) was removed from the session', here: 'In the session', gone: 'Removed' },
  },
  de: {
    ...{ participants: 'Teilnehmende', expert: /^Experte/, name: 'Name', create: 'Link erstellen' },
    ...{ join: 'Teilnehmen', yourName: 'Ihr Name', also: 'Auch in dieser Sitzung: Robert (Experte)' },
    ...{ muteBob: 'Robert stummschalten', muted: 'Der Techniker hat Sie stummgeschaltet.' },
    ...{ removeBob: 'Robert entfernen', linkGone: 'Dieser Link öffnet nichts mehr' },
    ...{ put: 'Der Techniker hat Sie aus der Sitzung entfernt.', here: 'In der Sitzung', gone: 'Entfernt' },
    ...{
      joined: 'Robert (Experte) nimmt an der Sitzung teil',
      log: 'Robert (Experte) wurde aus der Sitzung entfernt',
    },
  },
} as const;
const LOCALES = { en: 'en-GB', de: 'de-DE' } as const;

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

for (const tongue of ['en', 'de'] as const) {
  t.test(`an expert joins, comes back after a reload, is muted and put out (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const technician = await Technician.signIn(browser, relay.origin, tongue);
    const pin = await technician.createPin('Ada Lovelace');
    const customer = await Customer.open(browser, relay.origin, tongue);
    await customer.typePin(pin);
    await customer.join();
    await technician.start();
    const { page } = technician;
    await seesMovement(page, technician.words.customerCamera);

    await page.getByRole('button', { name: words.participants }).click();
    const panel = page.getByRole('dialog', { name: words.participants });
    await panel.getByLabel(words.expert).check();
    await panel.getByLabel(words.name, { exact: true }).fill('Bob');
    await panel.getByRole('button', { name: words.create }).click();
    const link = (await panel.getByText(/\/g\/[\w-]{43}/).innerText()).trim();

    const context = await openContext(browser, { locale: LOCALES[tongue], viewport: DESKTOP });
    const guest = await context.newPage();
    guest.setDefaultTimeout(20_000);
    await guest.goto(link);
    const field = guest.getByLabel(words.yourName);
    await field.waitFor();
    t.equal(await field.inputValue(), 'Bob', 'the name of the invitation');
    await field.fill('Robert');
    await guest.getByRole('button', { name: words.join, exact: true }).click();
    await seesMovement(guest, technician.words.customerCamera);
    await hearsVoice(guest, '0');
    await hearsVoice(guest, '2');
    await hearsVoice(page, '2');
    await hearsVoice(customer.page, '2');
    await customer.sees(words.also);
    await panel.getByText(words.here).waitFor();

    const other = await (
      await openContext(browser, { locale: LOCALES[tongue], viewport: DESKTOP })
    ).newPage();
    await other.goto(link);
    await other.getByText(words.linkGone).waitFor();
    await other.context().close();

    await guest.reload();
    await seesMovement(guest, technician.words.customerCamera);

    await panel.getByRole('button', { name: words.muteBob }).click();
    await guest.getByText(words.muted).waitFor();
    await hearsVoiceNoMore(page, '2');
    await hearsVoiceNoMore(customer.page, '2');
    await panel.getByRole('button', { name: words.muteBob }).click();
    await hearsVoice(page, '2');
    await panel.getByRole('button', { name: words.removeBob }).click();
    await guest.getByRole('heading', { name: words.put }).waitFor();
    await panel.getByText(words.gone).waitFor();
    await customer.noLongerSees(words.also);
    await page.keyboard.press('Escape');
    await technician.sees(words.joined);
    await technician.sees(words.log);
    t.pass('all of it is in the log');
    await technician.end();
    await context.close();
    await technician.goAway();
    await customer.goAway();
  });
}

t.end();
