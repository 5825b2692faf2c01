/**
 * Terms and consents as people meet them: the administrator publishes other terms while a customer reads the old ones; the technician
 * asks for consents, the customer gives and takes back. Real: relay, media worker, pages, Chromium. Faked: camera and microphone.
 */
import type { Browser } from 'playwright-core';
import t from 'tap';
import type { ConsentEntry } from '../../relay/protocol.ts';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { seesMovement } from '../support/media-probe.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    ask: 'Ask: Photos',
    asked: 'Allow photos?',
    allow: 'Allow',
    deny: 'Do not allow',
    permissions: 'Permissions',
    takeBack: 'Take back: Photos',
    given: 'Given',
    refused: 'Refused',
    takenBack: 'Taken back',
  },
  de: {
    ask: 'Fragen: Fotos',
    asked: 'Fotos erlauben?',
    allow: 'Erlauben',
    deny: 'Nicht erlauben',
    permissions: 'Freigaben',
    takeBack: 'Zurücknehmen: Fotos',
    given: 'Erteilt',
    refused: 'Verweigert',
    takenBack: 'Zurückgenommen',
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

for (const tongue of ['en', 'de'] as const satisfies readonly Tongue[]) {
  t.test(
    `a consent is asked for, refused, given, taken back, and stands in the ledger (${tongue})`,
    async (t) => {
      const words = WORDS[tongue];
      const technician = await Technician.signIn(browser, relay.origin, tongue);
      const pin = await technician.createPin('Ada Lovelace');
      const customer = await Customer.open(browser, relay.origin, tongue);
      await customer.typePin(pin);
      await customer.join();
      await technician.start();
      const { page } = technician;
      await seesMovement(page, technician.words.customerCamera);

      const question = customer.page.getByRole('dialog', { name: words.asked });
      await page.getByRole('button', { name: words.ask }).click();
      await question.getByRole('button', { name: words.deny, exact: true }).click();
      await page.getByText(words.refused, { exact: true }).waitFor();
      await page.getByRole('button', { name: words.ask }).click();
      await question.waitFor();
      await customer.page.keyboard.press('Escape');
      t.ok(await question.isVisible(), 'Escape is no answer');
      await question.getByRole('button', { name: words.allow, exact: true }).click();
      await page.getByText(words.given, { exact: true }).waitFor();
      await question.waitFor({ state: 'hidden' });
      await customer.page.reload();
      await seesMovement(page, technician.words.customerCamera);
      await customer.page.getByRole('button', { name: words.permissions }).click();
      await customer.page.getByRole('button', { name: words.takeBack }).click();
      await page.getByText(words.takenBack, { exact: true }).waitFor();

      const id = Number(new URL(page.url()).pathname.split('/').at(-1));
      const ledger = await page.evaluate<{ consents: ConsentEntry[] }, number>(async (session) => {
        const answer = await fetch(`/api/sessions/${session}/consents`);
        return answer.json();
      }, id);
      t.same(
        ledger.consents.map(({ kind, answer, language }) => [kind, answer, language]),
        ['granted', 'refused', 'granted', 'withdrawn'].map((answer, at) => [
          at === 0 ? 'terms' : 'photos',
          answer,
          tongue,
        ]),
      );
      await technician.end();
      await technician.goAway();
      await customer.goAway();
    },
  );
}

t.test('whoever reads the terms when new ones are published is shown those, and accepts those', async (t) => {
  const technician = await Technician.signIn(browser, relay.origin, 'en');
  const { page } = technician;
  const pin = await technician.createPin('Grace Hopper');
  const customer = await Customer.open(browser, relay.origin, 'de');
  await customer.typePin(pin);
  await customer.press(customer.words.allowCamera);
  await customer.press(customer.words.proceed);
  await customer.page.getByRole('button', { name: customer.words.accept, exact: true }).waitFor();

  await page.goto(`${relay.origin}/console/admin/terms`);
  await page.getByLabel('German', { exact: true }).fill('Ganz neue Bedingungen.');
  await page.getByRole('button', { name: 'Publish new version' }).click();
  await technician.sees('Version 2 is published');

  await customer.press(customer.words.accept);
  await customer.sees('Ganz neue Bedingungen.');
  await customer.press(customer.words.accept);
  await customer.page.getByRole('heading', { name: customer.words.pleaseWait }).waitFor();
  await page.goto(`${relay.origin}/console`);
  await technician.sees('Grace Hopper');
  t.pass('accepted');
  await technician.goAway();
  await customer.goAway();
});

t.end();
