/**
 * Past sessions: found again, read, and taken along as a case file. Real: relay, pages, Chromium, the ZIP. Faked: camera and
 * microphone.
 */
import { readFile } from 'node:fs/promises';
import { strFromU8, unzipSync } from 'fflate';
import type { Browser } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { until } from '../support/media-probe.ts';
import { Customer, Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    ...{ past: 'Past sessions', search: 'Search past sessions', none: 'No past session has these words.' },
    ...{ page: 'Session page', download: 'Download case file', chat: 'Chat', message: 'Message' },
    ...{ timeline: 'Timeline', consents: 'Consents', accepted: /^Terms accepted/, everything: 'Everything' },
    ...{ resolved: 'Resolved', notes: 'Notes', take: 'Take photo', allow: 'Allow', photos: 'Photos' },
    received: /^Open: Photo,/,
  },
  de: {
    ...{ past: 'Vergangene Sitzungen', search: 'Vergangene Sitzungen durchsuchen' },
    none: 'In keiner vergangenen Sitzung kommen diese Wörter vor.',
    ...{ page: 'Seite der Sitzung', download: 'Fallakte herunterladen', chat: 'Chat', message: 'Nachricht' },
    ...{ timeline: 'Zeitleiste', consents: 'Zustimmungen', accepted: /^Bedingungen angenommen/ },
    ...{
      everything: 'Alles',
      resolved: 'Gelöst',
      notes: 'Notizen',
      take: 'Foto aufnehmen',
      allow: 'Erlauben',
    },
    ...{ photos: 'Fotos', received: /^Öffnen: Foto,/ },
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
  t.test(`a session that is over is found, read and taken along (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const technician = await Technician.signIn(browser, relay.origin, tongue);
    const { page } = technician;
    const name = `Frau Müller ${tongue}`;
    const pin = await technician.createPin(name);
    const customer = await Customer.open(browser, relay.origin, tongue);
    await customer.typePin(pin);
    await customer.join();
    await technician.start();
    await technician.pictureArrives();
    await technician.press(words.take);
    await customer.press(words.allow);
    await page.getByRole('button', { name: words.received }).waitFor();
    await page.getByRole('tab', { name: words.chat }).click();
    await page.getByLabel(words.message, { exact: true }).fill('Is it <b>this</b> one?');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: technician.words.end, exact: true }).click();
    const end = page.getByRole('dialog');
    await end.getByLabel(words.resolved, { exact: true }).check();
    await end.getByLabel(words.notes).fill('Filter cleaned.');
    await end.getByRole('button', { name: technician.words.end, exact: true }).click();
    await page.getByRole('link', { name: words.page }).waitFor();

    await page.getByRole('link', { name: words.past }).click();
    await page.getByLabel(words.search).fill('nobody at all');
    await page.getByText(words.none).waitFor();
    await page.getByLabel(words.search).fill(`muller FILTER ${tongue}`);
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { name, exact: true }).waitFor();
    const timeline = page.getByRole('region', { name: words.timeline });
    await timeline.getByText('Is it <b>this</b> one?').waitFor();
    await timeline.getByRole('button', { name: words.consents }).click();
    await timeline.getByText(words.accepted).waitFor();
    t.equal(await timeline.getByText('Is it <b>this</b> one?').count(), 0, 'only consents');

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: words.download }).click(),
    ]);
    t.match(download.suggestedFilename(), /^session-\d+-Frau-Müller-(en|de)\.zip$/);
    const files = unzipSync(new Uint8Array(await readFile(await download.path())));
    const photo = Object.entries(files).find(([path]) => /\/photos\/\d+\.(jpg|png)$/.test(path))?.[1];
    t.ok(photo && photo.length > 1_000, 'the photo is in it');
    const image = page.getByRole('region', { name: words.photos }).getByRole('img');
    await until('the photo on the page', () =>
      image.evaluate((element) => (element as HTMLImageElement).naturalWidth > 0),
    );
    const html = Object.entries(files).find(([path]) => path.endsWith('/index.html'))?.[1];
    const file = await page.context().newPage();
    await file.setContent(strFromU8(html ?? new Uint8Array()));
    await file.getByText('Is it <b>this</b> one?').waitFor();
    await file.getByText('Filter cleaned.').waitFor();
    t.equal(await file.locator('html').getAttribute('lang'), tongue);
    await file.close();

    // The address stays good when the session has left the list.
    await page.goBack();
    const id = /\d+/.exec(download.suggestedFilename())?.[0];
    await page.goto(`${relay.origin}/console/session/${id}`);
    await page.getByRole('link', { name: words.page }).waitFor();
    await page.getByRole('button', { name: technician.words.remove }).click();
    await page.getByRole('heading', { name: technician.words.sessions, exact: true }).waitFor();
    await page.goto(`${relay.origin}/console/session/${id}`);
    await page.getByRole('heading', { name, exact: true }).waitFor();
    t.equal(new URL(page.url()).pathname, `/console/archive/${id}`);
    await technician.goAway();
    await customer.goAway();
  });
}

t.test('a technician finds neither list nor page of a colleague’s session', async (t) => {
  const technician = await Technician.signIn(browser, relay.origin, 'en');
  const { page } = technician;
  await page.goto(`${relay.origin}/console/archive/999999`);
  await page.getByRole('alert').filter({ hasText: 'There is no such session any more.' }).waitFor();
  t.pass('said in a sentence');
  await technician.goAway();
});

t.end();
