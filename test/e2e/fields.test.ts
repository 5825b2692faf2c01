/**
 * Fields of a session that an administrator names: in the dialog, in the list, changed there, in the log. Real: relay, console,
 * Chromium, two consoles.
 */
import type { Browser } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    customer: 'Frau Keller',
    ...{ english: 'Field 1, English', german: 'Field 1, German', save: 'Save', saved: 'Saved' },
    ...{ label: 'Machine', empty: 'Machine of Frau Keller: empty, change', changed: 'Changed: Machine' },
    filled: 'Machine of Frau Keller: X-300 <b>, change',
    other: 'Machine of Frau Keller: X-400, change',
  },
  de: {
    customer: 'Herr Weiß',
    ...{ english: 'Feld 1, Englisch', german: 'Feld 1, Deutsch', save: 'Speichern', saved: 'Gespeichert' },
    ...{ label: 'Maschine', empty: 'Maschine von Herr Weiß: leer, ändern', changed: 'Geändert: Maschine' },
    filled: 'Maschine von Herr Weiß: X-300 <b>, ändern',
    other: 'Maschine von Herr Weiß: X-400, ändern',
  },
} as const;

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
  t.test(`a field that was named is filled in the dialog and changed in the list (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const administrator = await Technician.signIn(browser, relay.origin, tongue);
    await administrator.page.goto(`${relay.origin}/console/admin/fields`);
    // Named in one language only, it has this name in the other one, too.
    const [label, otherLanguage] =
      tongue === 'en' ? [words.english, words.german] : [words.german, words.english];
    await administrator.page.getByLabel(otherLanguage, { exact: true }).fill('');
    await administrator.page.getByLabel(label, { exact: true }).fill(words.label);
    await administrator.press(words.save);
    await administrator.sees(words.saved);
    await administrator.page.goto(`${relay.origin}/console`);

    await administrator.openDialog(words.customer);
    await administrator.page.getByRole('dialog').getByLabel(words.label, { exact: true }).waitFor();
    await administrator.readNewPin();
    await administrator.page.goto(`${relay.origin}/console`);
    const { page } = administrator;
    await page.getByRole('columnheader', { name: words.label }).waitFor();

    await page.getByRole('button', { name: words.empty }).first().click();
    await page.getByRole('textbox', { name: words.label, exact: true }).fill('X-300 <b>');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: words.filled }).waitFor();

    await page.getByRole('button', { name: words.filled }).click();
    await page.getByRole('textbox', { name: words.label, exact: true }).fill('not this');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: words.filled }).waitFor();
    // With the keyboard alone: from the row to its field.
    await page.getByRole('button', { name: words.filled }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('X-400');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: words.other }).waitFor();
    t.match(await page.evaluate(() => location.pathname), /\/console$/, 'no session was opened by it');

    await page.getByRole('row').filter({ hasText: words.customer }).getByRole('rowheader').click();
    await page.getByLabel(words.label, { exact: true }).waitFor();
    t.equal(await page.getByLabel(words.label, { exact: true }).inputValue(), 'X-400');
    await administrator.sees(words.changed);
    await administrator.goAway();
  });
}

t.end();
