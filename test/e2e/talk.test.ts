/**
 * Chat, hold and the end of a session as both people meet them. Real: relay, media worker, pages, Chromium. Faked: camera and
 * microphone.
 */
import type { Browser } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { seesMovement } from '../support/media-probe.ts';
import { Customer, Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    ...{ chat: 'Chat', message: 'Message', send: 'Send', read: /· read/, close: 'Close' },
    ...{ hold: 'Hold', resume: 'Resume', held: 'has put the session on hold', onHold: 'On hold' },
    ...{ resolved: 'Resolved', notes: 'Notes', stars: '4 of 5 stars', answer: 'Send answer' },
    ...{
      thanks: 'Thank you for your answer.',
      rated: 'The customer gave 4 of 5 stars',
      unread: 'Chat, 1 unread',
    },
    typing: 'The customer is writing',
  },
  de: {
    ...{ chat: 'Chat', message: 'Nachricht', send: 'Senden', read: /· gelesen/, close: 'Schließen' },
    ...{ hold: 'Anhalten', resume: 'Fortsetzen', held: 'hat die Sitzung angehalten', onHold: 'Angehalten' },
    ...{ resolved: 'Gelöst', notes: 'Notizen', stars: '4 von 5 Sternen', answer: 'Antwort senden' },
    ...{ thanks: 'Vielen Dank für Ihre Antwort.', rated: 'Der Kunde hat 4 von 5 Sternen gegeben' },
    ...{ unread: 'Chat, 1 ungelesen', typing: 'Der Kunde schreibt' },
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
  t.test(
    `they write to each other, the session is held and goes on, and both say how it was (${tongue})`,
    async (t) => {
      const words = WORDS[tongue];
      const technician = await Technician.signIn(browser, relay.origin, tongue);
      const pin = await technician.createPin('Ada Lovelace');
      const customer = await Customer.open(browser, relay.origin, tongue);
      await customer.typePin(pin);
      await customer.join();
      await technician.start();
      const { page } = technician;
      const phone = customer.page;
      await seesMovement(page, technician.words.customerCamera);

      await page.getByRole('tab', { name: words.chat }).click();
      await page
        .getByLabel(words.message, { exact: true })
        .fill('Is it this one? https://example.org/manual <b>x</b>');
      await page.keyboard.press('Enter');
      await phone.getByRole('button', { name: words.unread }).click();
      const sheet = phone.getByRole('dialog', { name: words.chat });
      await sheet.getByText('Is it this one?').waitFor();
      const link = sheet.getByRole('link', { name: 'https://example.org/manual' });
      t.equal(await link.getAttribute('href'), 'https://example.org/manual');
      t.match(await sheet.getByRole('log').innerText(), /<b>x<\/b>/, 'text is text');
      await page.getByText(words.read).waitFor();

      await sheet.getByLabel(words.message, { exact: true }).pressSequentially('Ye');
      await technician.sees(words.typing);
      await sheet.getByLabel(words.message, { exact: true }).fill('Yes, it blinks.');
      await sheet.getByRole('button', { name: words.send, exact: true }).click();
      await page.getByRole('log', { name: words.chat }).getByText('Yes, it blinks.').waitFor();
      await sheet.getByText(words.read.source.slice(2), { exact: true }).waitFor();
      await page.reload();
      await page.getByRole('tab', { name: words.chat }).click();
      await page.getByRole('log', { name: words.chat }).getByText('Yes, it blinks.').waitFor();
      await seesMovement(page, technician.words.customerCamera);
      await sheet.getByRole('button', { name: words.close, exact: true }).click();

      await page.getByRole('button', { name: words.hold, exact: true }).click();
      await phone.getByText(words.held).waitFor();
      await page.getByText(words.onHold, { exact: true }).first().waitFor();
      // The tab keeps the last picture; decoration, so it has no role.
      const brightest = await page.locator('session-thumbnail video').evaluate((video) => {
        const canvas = new OffscreenCanvas(44, 28);
        const drawing = canvas.getContext('2d');
        drawing?.drawImage(video as HTMLVideoElement, 0, 0, 44, 28);
        return Math.max(...(drawing?.getImageData(0, 0, 44, 28).data.filter((_, i) => i % 4 === 1) ?? [0]));
      });
      t.ok(brightest > 100, 'the held session shows its last picture on its tab');
      await page.getByRole('button', { name: words.resume, exact: true }).click();
      await seesMovement(page, technician.words.customerCamera);

      await page.getByRole('button', { name: technician.words.end, exact: true }).click();
      const end = page.getByRole('dialog');
      await end.getByLabel(words.resolved, { exact: true }).check();
      await end.getByLabel(words.notes).fill('Filter cleaned.');
      await end.getByRole('button', { name: technician.words.end, exact: true }).click();
      await page.getByText('Filter cleaned.').waitFor();
      await phone.getByRole('heading', { name: customer.words.sessionOver }).waitFor();
      await phone.getByRole('radio', { name: words.stars }).check();
      await phone.getByRole('button', { name: words.answer }).click();
      await phone.getByText(words.thanks).waitFor();
      await page.getByRole('tab').first().click();
      await technician.sees(words.rated);
      t.pass('both have said it');
      await technician.goAway();
      await customer.goAway();
    },
  );
}

t.end();
