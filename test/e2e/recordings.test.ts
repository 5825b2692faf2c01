/**
 * A session is recorded, and the recording is played, searched, taken along and deleted on the session's page. Real: relay, media
 * worker, recorder, jobs, pages, Chromium, RTP. Faked: camera and microphone.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/media-probe.ts';
import { Customer, Technician } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** So long is recorded at least. */
const RECORDED_MS = 3_000;

const WORDS = {
  en: {
    ...{
      record: 'Record',
      allow: 'Allow',
      stop: 'Stop recording',
      page: 'Session page',
      recording: 'Recording',
    },
    ...{
      preparing: /^Recording is being prepared/,
      place: 'Place in the recording',
      speed: 'Speed',
      jump: 'Jump to',
    },
    ...{ started: /Recording started/, wav: 'Download WAV', remove: 'Delete recording', sure: 'Delete' },
  },
  de: {
    ...{ record: 'Aufzeichnen', allow: 'Erlauben', stop: 'Aufzeichnung beenden', page: 'Seite der Sitzung' },
    ...{
      recording: 'Aufzeichnung',
      preparing: /^Aufzeichnung wird vorbereitet/,
      place: 'Stelle in der Aufzeichnung',
    },
    ...{ speed: 'Geschwindigkeit', jump: 'Springen zu', started: /Aufzeichnung begonnen/ },
    ...{ wav: 'WAV herunterladen', remove: 'Aufzeichnung löschen', sure: 'Löschen' },
  },
} as const;

let relay: RelayProcess;
let browser: Browser;

t.before(async () => {
  relay = await startRelay();
  browser = await launchChromium();
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
});

for (const tongue of ['en', 'de'] as const) {
  t.test(`a recorded session is watched again (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const technician = await Technician.signIn(browser, relay.origin, tongue);
    const { page } = technician;
    const pin = await technician.createPin(`Ada ${tongue}`);
    const customer = await Customer.open(browser, relay.origin, tongue);
    await customer.typePin(pin);
    await customer.join();
    await technician.start();
    await technician.pictureArrives();
    await technician.press(words.record);
    await customer.press(words.allow);
    await page.getByRole('button', { name: words.stop }).waitFor();
    const from = Date.now();
    await until('some seconds to be recorded', async () => Date.now() - from > RECORDED_MS);
    await technician.press(words.stop);
    await technician.end();
    await page.getByRole('link', { name: words.page }).click();

    const video = page.getByLabel(words.recording, { exact: true });
    await video.waitFor();
    const facts = () =>
      video.evaluate((element) => {
        const { duration, videoWidth, currentTime, readyState, error } = element as HTMLVideoElement;
        return { duration, videoWidth, currentTime, readyState, error: error?.message };
      });
    await until('the film to be read', async () => (await facts()).readyState >= 1);
    const { duration, videoWidth, error } = await facts();
    t.equal(error, undefined);
    t.ok(duration >= RECORDED_MS / 1_000 && duration < RECORDED_MS / 1_000 + 10, `${duration} s`);
    t.ok(videoWidth > 0, `${videoWidth} pixels wide`);

    const place = page.getByRole('slider', { name: words.place });
    await place.focus();
    await page.keyboard.press('End');
    await until('the end', async () => (await facts()).currentTime > duration - 1);
    await page.keyboard.press('Home');
    await until('the beginning', async () => (await facts()).currentTime < 0.1);
    await page.getByLabel(words.speed).selectOption('2');
    await place.focus();
    await page.keyboard.press('k');
    await until('it to play', async () => (await facts()).currentTime > 1);
    await page.keyboard.press('k');
    t.equal(await video.evaluate((element) => (element as HTMLVideoElement).playbackRate), 2);
    t.equal(await video.evaluate((element) => (element as HTMLVideoElement).paused), true);
    await page.getByRole('list', { name: words.jump }).getByRole('button', { name: words.started }).click();
    await until('the jump', async () => (await facts()).currentTime < 1);
    const drawn = await page.locator('recording-waveform canvas').evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {
        data: [],
      };
      return data.some((value) => value > 0);
    });
    t.ok(drawn, 'the voices are drawn');

    // Through the debugger, because the page's own policy refuses foreign scripts.
    const client = await page.context().newCDPSession(page);
    await client.send('Runtime.evaluate', { expression: AXE });
    await client.detach();
    const violations = await page.evaluate(async (tags) => {
      const { axe } = globalThis as unknown as { axe: { run(on: Document, o: object): Promise<AxeResults> } };
      const found = (await axe.run(document, { runOnly: { type: 'tag', values: tags } })).violations;
      return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
    }, RULES);
    t.same(violations, [], 'accessible');

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: words.wav }).click(),
    ]);
    const wav = await readFile(await download.path());
    t.match(download.suggestedFilename(), /^session-\d+\.wav$/);
    t.equal(wav.toString('latin1', 0, 4), 'RIFF');
    t.ok(
      wav.some((byte, at) => at > 1_000 && byte > 8 && byte < 248),
      'there is sound in it',
    );

    await technician.press(words.remove);
    await technician.press(words.sure);
    await video.waitFor({ state: 'detached' });
    t.equal(
      (
        await page.request.get(`${page.url().replace('/console/archive/', '/api/sessions/')}/recording`)
      ).status(),
      404,
    );
    await technician.goAway();
    await customer.goAway();
  });
}

t.end();
