/** Stops of the tour in a live session: what is asked of the phone, what the customer covers, photos. */
import type { Customer, Technician, Tongue } from './people.ts';
import type { Stops } from './tour.ts';

const WORDS = {
  en: {
    ...{ phone: 'Phone', more: 'More', cover: 'Cover', sees: 'The technician sees this', done: 'Done' },
    ...{ everything: 'Cover everything', covered: 'The whole picture is covered by the customer' },
    ...{ take: 'Take photo', photos: 'Photos', open: /^Open: Photo,/, close: 'Close' },
  },
  de: {
    ...{ phone: 'Handy', more: 'Mehr', cover: 'Abdecken', sees: 'Das sieht der Techniker', done: 'Fertig' },
    ...{ everything: 'Alles abdecken', covered: 'Der Kunde hat das ganze Bild abgedeckt' },
    ...{ take: 'Foto aufnehmen', photos: 'Fotos' },
    ...{ open: /^Öffnen: Foto,/, close: 'Schließen' },
  },
} as const;

/** Of a session that is active and whose customer agreed to photos; it is afterwards as before, with a photo. */
export async function tourPhone(
  technician: Technician,
  customer: Customer,
  tongue: Tongue,
  visit: Stops['visit'],
): Promise<void> {
  const words = WORDS[tongue];
  const desk = technician.page;
  const phone = customer.page;
  await technician.press(words.phone);
  await desk.getByRole('dialog', { name: words.phone, exact: true }).waitFor();
  await visit('console-phone', desk);
  await desk.keyboard.press('Escape');

  await customer.press(words.more);
  const more = phone.getByRole('dialog', { name: words.more, exact: true });
  await more.waitFor();
  await visit('capture-more', phone);
  await more.getByRole('button', { name: words.cover, exact: true }).click();
  const editor = phone.getByRole('dialog', { name: words.cover, exact: true });
  await editor.getByRole('heading', { name: words.sees }).waitFor();
  await visit('capture-cover', phone);
  await editor.getByRole('button', { name: words.everything, exact: true }).click();
  await editor.getByRole('button', { name: words.done, exact: true }).click();
  await technician.sees(words.covered);
  await visit('capture-covered', phone);
  await visit('console-covered', desk);
  await customer.press(words.more);
  await more.getByRole('button', { name: words.cover, exact: true }).click();
  await editor.getByRole('heading', { name: words.sees }).waitFor();
  await editor.getByRole('button', { name: words.everything, exact: true }).click();
  await editor.getByRole('button', { name: words.done, exact: true }).click();
  await technician.noLongerSees(words.covered);

  await technician.press(words.take);
  await desk.getByRole('tab', { name: words.photos }).click();
  await desk.getByRole('button', { name: words.open }).first().waitFor();
  await visit('console-photos', desk);
  await desk.getByRole('button', { name: words.open }).first().click();
  await desk.getByRole('dialog').waitFor();
  await visit('console-photo', desk);
  await desk.getByRole('dialog').getByRole('button', { name: words.close, exact: true }).click();
}
