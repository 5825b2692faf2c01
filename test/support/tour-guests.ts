/** Stops of the tour in a live session with a guest: the technician's panel, the guest's page, what the customer reads. */
import { openContext } from './chromium.ts';
import type { Customer, Technician, Tongue } from './people.ts';
import type { Stops } from './tour.ts';

const WORDS = {
  en: {
    ...{ participants: 'Participants', observer: /^Observer/, name: 'Name', create: 'Create link' },
    ...{ yourName: 'Your name', join: 'Join', also: /^Also in this session:/, record: 'Record' },
    ...{ allow: 'Allow', stop: 'Stop recording' },
  },
  de: {
    ...{ participants: 'Teilnehmende', observer: /^Beobacht/, name: 'Name', create: 'Link erstellen' },
    ...{ yourName: 'Ihr Name', join: 'Teilnehmen', also: /^Auch in dieser Sitzung:/, record: 'Aufzeichnen' },
    ...{ allow: 'Erlauben', stop: 'Aufzeichnung beenden' },
  },
} as const;
const LOCALES = { en: 'en-GB', de: 'de-DE' } as const;

/** Of a session that is active; it is being recorded for a moment, and has an observer who goes. */
export async function tourGuests(
  technician: Technician,
  customer: Customer,
  tongue: Tongue,
  { browser, dark = false, phone, visit }: Stops,
): Promise<void> {
  const words = WORDS[tongue];
  const desk = technician.page;
  await technician.press(words.participants);
  const panel = desk.getByRole('dialog', { name: words.participants });
  await panel.getByLabel(words.observer).check();
  await panel.getByLabel(words.name, { exact: true }).fill('Bob');
  await visit('console-participants', desk);
  await panel.getByRole('button', { name: words.create }).click();
  const link = (await panel.getByText(/\/g\/[\w-]{43}/).innerText()).trim();
  await visit('console-guest-link', desk);

  const viewport = phone ?? { width: 390, height: 844 };
  const context = await openContext(browser, { locale: LOCALES[tongue], viewport, dark });
  const guest = await context.newPage();
  await guest.goto(link);
  await guest.getByLabel(words.yourName).waitFor();
  await visit('guest-invited', guest);
  await guest.getByRole('button', { name: words.join, exact: true }).click();
  await guest.getByLabel(technician.words.customerCamera, { exact: true }).first().waitFor();
  await customer.page.getByText(words.also).waitFor();
  await visit('guest-inside', guest);
  await visit('capture-guest', customer.page);
  await desk.keyboard.press('Escape');
  await context.close();

  await technician.press(words.record);
  await customer.press(words.allow);
  await desk.getByRole('button', { name: words.stop }).waitFor();
  await visit('console-recording', desk);
  await visit('capture-recording', customer.page);
  await technician.press(words.stop);
  await desk.getByRole('button', { name: words.record, exact: true }).waitFor();
}
