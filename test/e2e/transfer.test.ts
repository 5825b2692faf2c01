/**
 * A session that changes hands, as three people meet it. Real: relay, media worker, pages, Chromium. Faked: camera and microphone.
 */
import type { Browser } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { seesMovement } from '../support/media-probe.ts';
import { Customer, Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { callApi, signIn } from '../support/signalling-client.ts';

const WORDS = {
  en: {
    ...{
      transfer: 'Transfer',
      comment: 'Comment',
      handsOver: 'admin hands this session over',
      refuse: 'Refuse',
    },
    ...{ away: 'Online', offered: 'Offered to Bert', taken: 'Bert has taken over from admin' },
  },
  de: {
    ...{
      transfer: 'Übergeben',
      comment: 'Kommentar',
      handsOver: 'admin übergibt diese Sitzung',
      refuse: 'Ablehnen',
    },
    ...{ away: 'Online', offered: 'Bert angeboten', taken: 'Bert hat von admin übernommen' },
  },
} as const;
const BERT = { email: 'bert@example.org', password: 'a long password for Bert' };

let relay: RelayProcess;
let browser: Browser;

t.before(async () => {
  relay = await startRelay();
  browser = await launchChromium(SLOW_CAMERA);
  const cookie = await signIn(relay.origin);
  const account = { ...BERT, name: 'Bert', nickname: 'Bert', role: 'technician' } as const;
  await callApi(relay.origin, 'POST /api/technicians', account, { cookie });
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
});

for (const tongue of ['en', 'de'] as const) {
  t.test(`refused, away, then taken over with picture and chat (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const admin = await Technician.signIn(browser, relay.origin, tongue);
    const bert = await Technician.signIn(browser, relay.origin, tongue, { credentials: BERT });
    const pin = await admin.createPin('Ada Lovelace');
    const customer = await Customer.open(browser, relay.origin, tongue);
    await customer.typePin(pin);
    await customer.join();
    await admin.start();
    await seesMovement(admin.page, admin.words.customerCamera);
    await admin.page.getByRole('tab', { name: 'Chat' }).click();
    await admin.page.getByRole('textbox').last().fill('I fetch a colleague.');
    await admin.page.keyboard.press('Enter');

    const offer = async (comment: string) => {
      await admin.page.getByRole('button', { name: words.transfer, exact: true }).first().click();
      const dialog = admin.page.getByRole('dialog');
      const choice = dialog.getByRole('radio', { name: /^Bert/ });
      await choice.check();
      await dialog.getByLabel(words.comment).fill(comment);
      await dialog.getByRole('button', { name: words.transfer, exact: true }).click();
      await admin.page.getByRole('heading', { name: words.offered }).waitFor();
    };
    await offer('first');
    await bert.page.getByRole('row').filter({ hasText: 'Ada Lovelace' }).first().dblclick();
    await bert.page.getByRole('heading', { name: words.handsOver }).waitFor();
    await bert.sees('first');
    await bert.press(words.refuse);
    await seesMovement(admin.page, admin.words.customerCamera);

    await offer('second');
    await bert.page.getByRole('row').filter({ hasText: 'Ada Lovelace' }).first().dblclick();
    await bert.sees('second');
    await bert.page.getByRole('tab', { name: 'Chat' }).click();
    await bert.sees('I fetch a colleague.');
    await bert.page.getByRole('button', { name: bert.words.start, exact: true }).click();
    await seesMovement(bert.page, bert.words.customerCamera);
    await customer.sees('Bert');
    await bert.page.getByRole('tab').first().click();
    await bert.sees(words.taken);
    t.equal(
      await admin.page.getByRole('row').filter({ hasText: 'Ada Lovelace' }).count(),
      0,
      'gone from the list',
    );
    await bert.end();
    for (const person of [customer, admin, bert]) {
      await person.goAway();
    }
  });
}

t.end();
