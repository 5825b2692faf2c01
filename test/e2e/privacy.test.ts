/**
 * What a customer covers does not leave the phone, and what the session costs is told. Real: relay, media worker, both pages,
 * Chromium's encoder and decoder; what is asserted are pixels of the technician's screen. Faked: camera and microphone.
 */
import { rmSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { until } from '../support/media-probe.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    more: 'More',
    cover: 'Cover',
    first: 'Cover 1',
    sees: 'The technician sees this',
    leaves: 'What leaves your phone',
    done: 'Done',
    add: 'Add a cover',
    everything: 'Cover everything',
    remove: 'Remove cover',
    parts: 'Parts of the picture are covered by the customer',
    whole: 'The whole picture is covered by the customer',
    ownParts: 'Parts of your picture are covered',
    freeze: 'Freeze',
    frozen: 'Frozen picture',
    unfreeze: 'Unfreeze',
    saveData: 'Save data',
    saves: 'The customer’s phone saves data: the picture has been made smaller.',
    meter: /([\d.,]+) MB sent, ([\d.,]+) MB received/,
    close: 'Close',
  },
  de: {
    more: 'Mehr',
    cover: 'Abdecken',
    first: 'Abdeckung 1',
    sees: 'Das sieht der Techniker',
    leaves: 'Was Ihr Telefon verlässt',
    done: 'Fertig',
    add: 'Abdeckung hinzufügen',
    everything: 'Alles abdecken',
    remove: 'Abdeckung entfernen',
    parts: 'Der Kunde hat Teile des Bildes abgedeckt',
    whole: 'Der Kunde hat das ganze Bild abgedeckt',
    ownParts: 'Teile Ihres Bildes sind abgedeckt',
    freeze: 'Einfrieren',
    frozen: 'Standbild',
    unfreeze: 'Einfrieren aufheben',
    saveData: 'Daten sparen',
    saves: 'Das Gerät des Kunden spart Daten: Das Bild wurde verkleinert.',
    meter: /([\d.,]+) MB gesendet, ([\d.,]+) MB empfangen/,
    close: 'Schließen',
  },
} as const;

const SEVERAL = { FERNBLICK_MAX_ACTIVE_SESSIONS: '10' };
/** Black after an encoder and a decoder. */
const BLACK_MAX = 24;

let relay: RelayProcess;
let browser: Browser;

t.before(async () => {
  relay = await startRelay({ env: SEVERAL });
  browser = await launchChromium(SLOW_CAMERA);
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
  rmSync(relay?.dataDir ?? '', { recursive: true, force: true });
});

/** Left, top, right and bottom in shares of the picture. */
type Region = readonly [left: number, top: number, right: number, bottom: number];

/** The brightest value in a region of what an element shows; -1 before there is a picture. */
function brightest(element: Locator, region: Region): Promise<number> {
  return element.evaluate((shown, [left, top, right, bottom]) => {
    const source = shown as HTMLVideoElement | HTMLCanvasElement | HTMLImageElement;
    const [width, height] =
      source instanceof HTMLVideoElement
        ? [source.videoWidth, source.videoHeight]
        : source instanceof HTMLImageElement
          ? [source.naturalWidth, source.naturalHeight]
          : [source.width, source.height];
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    const drawing = canvas.getContext('2d');
    if (!drawing || width === 0) {
      return -1;
    }
    drawing.drawImage(source, 0, 0);
    const { data } = drawing.getImageData(
      Math.round(left * width),
      Math.round(top * height),
      Math.max(1, Math.round((right - left) * width)),
      Math.max(1, Math.round((bottom - top) * height)),
    );
    let most = 0;
    for (let at = 0; at < data.length; at += 4) {
      most = Math.max(most, data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0);
    }
    return most;
  }, region);
}

const isBlack = async (element: Locator, region: Region) => {
  const value = await brightest(element, region);
  return value >= 0 && value <= BLACK_MAX;
};
const isBright = async (element: Locator, region: Region) => (await brightest(element, region)) > 100;

/** Whether anything in a region changes within a few looks. */
async function moves(element: Locator, [left, top, right, bottom]: Region): Promise<boolean> {
  return element.evaluate(
    async (shown, [left, top, right, bottom]) => {
      const video = shown as HTMLVideoElement;
      const look = () => {
        const canvas = document.createElement('canvas');
        canvas.width = 160;
        canvas.height = 90;
        const drawing = canvas.getContext('2d');
        drawing?.drawImage(video, 0, 0, 160, 90);
        return (
          drawing?.getImageData(left * 160, top * 90, (right - left) * 160, (bottom - top) * 90).data ?? []
        );
      };
      const first = [...look()];
      for (let looks = 0; looks < 100; looks++) {
        await new Promise<void>((resolve) => video.requestVideoFrameCallback(() => resolve()));
        const now = look();
        if (first.filter((value, i) => Math.abs(value - (now[i] ?? 0)) > 40).length > 20) {
          return true;
        }
      }
      return false;
    },
    [left, top, right, bottom] as const,
  );
}

async function openEditor(customer: Customer, words: (typeof WORDS)[Tongue]): Promise<Locator> {
  await customer.press(words.more);
  await customer.page
    .getByRole('dialog', { name: words.more, exact: true })
    .getByRole('button', { name: words.cover, exact: true })
    .click();
  const editor = customer.page.getByRole('dialog', { name: words.cover, exact: true });
  await editor.waitFor();
  await editor.getByRole('heading', { name: words.sees }).waitFor();
  return editor;
}

/** Draws with the mouse, or a finger, in shares of the picture. */
async function drag(page: Page, editor: Locator, [left, top, right, bottom]: Region): Promise<void> {
  const box = await editor.locator('.own').boundingBox();
  if (!box) {
    throw new Error('nothing to draw on');
  }
  await page.mouse.move(box.x + left * box.width, box.y + top * box.height);
  await page.mouse.down();
  for (let step = 1; step <= 6; step++) {
    await page.mouse.move(
      box.x + (left + ((right - left) * step) / 6) * box.width,
      box.y + (top + ((bottom - top) * step) / 6) * box.height,
    );
  }
  await page.mouse.up();
}

async function session(tongue: Tongue) {
  const words = WORDS[tongue];
  const technician = await Technician.signIn(browser, relay.origin, tongue);
  const pin = await technician.createPin('Ada Lovelace');
  const customer = await Customer.open(browser, relay.origin, tongue);
  await customer.typePin(pin);
  await customer.join();
  await technician.start();
  await technician.pictureArrives();
  const video = technician.page.getByLabel(technician.words.customerCamera, { exact: true }).first();
  return { words, technician, customer, video };
}

for (const tongue of ['en', 'de'] as const satisfies readonly Tongue[]) {
  t.test(`what is covered is black for the technician, and the rest moves (${tongue})`, async (t) => {
    const { words, technician, customer, video } = await session(tongue);
    const corner: Region = [0.04, 0.04, 0.46, 0.46];
    const rest: Region = [0.52, 0, 1, 1];
    await until(
      'a bright picture everywhere',
      async () => (await isBright(video, corner)) && (await isBright(video, rest)),
    );

    const editor = await openEditor(customer, words);
    await drag(customer.page, editor, [0.02, 0.02, 0.48, 0.48]);
    const [own, shown] = await Promise.all(
      [editor.locator('.own'), editor.getByRole('button', { name: words.first, exact: true })].map(
        (element) => element.boundingBox(),
      ),
    );
    t.ok(Math.abs((shown?.width ?? 0) / (own?.width ?? 1) - 0.46) < 0.02, 'it lies where it was drawn');
    await until('the corner to be black in the console', () => isBlack(video, corner));
    t.ok(await isBright(video, rest), 'the rest is there');
    t.ok(await moves(video, rest), 'and moves');
    const sent = editor.getByLabel(words.leaves);
    await until('the preview to be black there', () => isBlack(sent, corner));
    t.ok(await isBright(sent, rest));
    await technician.sees(words.parts);
    await customer.press(words.done);
    await customer.sees(words.ownParts);

    // The still that both draw on.
    await technician.press(words.freeze);
    const still = technician.page.getByLabel(words.frozen).first();
    await still.waitFor();
    await until('the still to be black there', () => isBlack(still, corner));
    t.ok(await isBright(still, rest), 'the rest of the still is there');
    await technician.press(words.unfreeze);
    await still.waitFor({ state: 'hidden' });

    // A reload shows no more than before, from its first frame on.
    await video.evaluate((element, corner) => {
      const shown = element as HTMLVideoElement;
      const seen = { brightest: 0, frames: 0 };
      Object.assign(window, { seen });
      const canvas = document.createElement('canvas');
      canvas.width = 160;
      canvas.height = 90;
      const drawing = canvas.getContext('2d', { willReadFrequently: true });
      const [left, top, right, bottom] = corner;
      const look = () => {
        if (drawing && shown.videoWidth > 0) {
          drawing.drawImage(shown, 0, 0, 160, 90);
          const { data } = drawing.getImageData(
            (left + 0.03) * 160,
            (top + 0.03) * 90,
            (right - left - 0.06) * 160,
            (bottom - top - 0.06) * 90,
          );
          for (let at = 0; at < data.length; at += 4) {
            seen.brightest = Math.max(seen.brightest, data[at] ?? 0, data[at + 1] ?? 0);
          }
          seen.frames += 1;
        }
        shown.requestVideoFrameCallback(look);
      };
      shown.requestVideoFrameCallback(look);
    }, corner);
    await customer.page.reload();
    await customer.sees(words.ownParts);
    await technician.pictureArrives();
    t.ok(await moves(video, rest));
    const seen = () =>
      technician.page.evaluate(
        () => (window as unknown as { seen: { brightest: number; frames: number } }).seen,
      );
    await until('frames after the reload', async () => (await seen()).frames > 5);
    const { brightest: most, frames } = await seen();
    t.ok(most <= BLACK_MAX + 16, `${most} at most in ${frames} frames`);

    const again = await openEditor(customer, words);
    await again.getByRole('button', { name: words.remove }).click();
    await until('the corner to be back', () => isBright(video, corner));
    await technician.noLongerSees(words.parts);
    await technician.goAway();
    await customer.goAway();
  });

  t.test(`everything at once, and covers by the keyboard alone (${tongue})`, async (t) => {
    const { words, technician, customer, video } = await session(tongue);
    const editor = await openEditor(customer, words);
    const keyboard = customer.page.keyboard;
    await editor.getByRole('button', { name: words.everything }).press('Enter');
    await until('all to be black', () => isBlack(video, [0, 0, 1, 1]));
    await technician.sees(words.whole);
    await editor.getByRole('button', { name: words.everything }).press('Enter');
    await until('the picture to be back', () => isBright(video, [0, 0, 1, 1]));

    await editor.getByRole('button', { name: words.add }).press('Enter');
    const cover = editor.getByRole('button', { name: words.first, exact: true });
    await cover.waitFor();
    t.ok(await cover.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element));
    await until('the middle to be black', () => isBlack(video, [0.28, 0.28, 0.72, 0.72]));
    for (let press = 0; press < 13; press++) {
      await keyboard.press('ArrowRight');
    }
    await until('the right to be black', () => isBlack(video, [0.54, 0.28, 0.98, 0.72]));
    t.ok(await isBright(video, [0, 0, 0.45, 1]), 'and the left no more');
    for (let press = 0; press < 13; press++) {
      await keyboard.press('Shift+ArrowDown');
    }
    await until('it to reach the bottom', () => isBlack(video, [0.54, 0.28, 0.98, 0.98]));
    await keyboard.press('Delete');
    await until('it to be gone', () => isBright(video, [0.54, 0.28, 0.98, 0.98]));
    await technician.goAway();
    await customer.goAway();
  });

  t.test(`the meter counts, and saving data makes the picture smaller (${tongue})`, async (t) => {
    const { words, technician, customer, video } = await session(tongue);
    await customer.press(words.more);
    const sheet = customer.page.getByRole('dialog', { name: words.more, exact: true });
    const meter = async () => {
      const [, sent = '0', received = '0'] = words.meter.exec(await sheet.innerText()) ?? [];
      return [sent, received].map((text) => Number(text.replace(',', '.'))) as [number, number];
    };
    await until('half a megabyte to be sent', async () => (await meter())[0] >= 0.5);
    const counted = await customer.page.evaluate(async () => {
      const { connections } = window as unknown as { connections: RTCPeerConnection[] };
      let sent = 0;
      for (const connection of connections) {
        for (const entry of (await connection.getStats()).values()) {
          sent += entry.type === 'transport' ? (entry.bytesSent as number) : 0;
        }
      }
      return sent / 1_000_000;
    });
    const [sent] = await meter();
    t.ok(
      Math.abs(sent - counted) < 0.15 + counted * 0.3,
      `${sent} MB shown, ${counted.toFixed(2)} MB by the browser`,
    );

    await sheet.getByRole('switch', { name: words.saveData }).check();
    await technician.sees(words.saves);
    await until('a smaller picture', () =>
      video.evaluate((element) => {
        const { videoWidth, videoHeight } = element as HTMLVideoElement;
        return Math.min(videoWidth, videoHeight) <= 480;
      }),
    );
    await sheet.getByRole('switch', { name: words.saveData }).uncheck();
    await technician.noLongerSees(words.saves);
    await technician.goAway();
    await customer.goAway();
  });
}

t.end();
