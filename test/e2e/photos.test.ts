/**
 * Photos as both people meet them. Real: relay, media worker, pages, Chromium, the files on the relay's disk. Faked: camera and
 * microphone; in the test of the bad link the camera's photo mode, which gives a picture of 12 megapixels, and the network.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import { type Instrumented, launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { ImpairedLink } from '../support/impairment-proxy.ts';
import { seesMovement, until } from '../support/media-probe.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    take: 'Take photo',
    snapshot: 'Snapshot',
    photos: 'Photos',
    photo: 'Photo',
    asked: 'Allow photos?',
    allow: 'Allow',
    deny: 'Do not allow',
    refused: 'The customer has not agreed to this',
    isAsked: 'The customer is asked whether photos may be taken.',
    sending: 'At the technician’s wish a photo was taken. It is being sent…',
    sent: 'Photo sent',
    received: /Photo received: \d+ × \d+ pixels/,
    open: /^Open: Photo,/,
    openSnapshot: /^Open: Snapshot,/,
    rectangle: 'Rectangle',
    area: 'Drawing area',
    zoomIn: 'Zoom in',
    turn: 'Turn right',
    download: 'Download',
    withMarks: 'Download with marks',
    close: 'Close',
    deletePhoto: 'Delete photo',
    delete: 'Delete',
    deleted: 'Snapshot deleted',
    cancel: 'Cancel',
    details: 'Details',
    pause: 'Pause camera',
    none: 'The phone cannot take a photo at the moment',
    permissions: 'Permissions',
    takeBack: 'Take back: Photos',
    withdrawn: 'The customer has taken back the permission for photos',
  },
  de: {
    take: 'Foto aufnehmen',
    snapshot: 'Schnappschuss',
    photos: 'Fotos',
    photo: 'Foto',
    asked: 'Fotos erlauben?',
    allow: 'Erlauben',
    deny: 'Nicht erlauben',
    refused: 'Der Kunde hat dem nicht zugestimmt',
    isAsked: 'Der Kunde wird gefragt, ob Fotos gemacht werden dürfen.',
    sending: 'Auf Wunsch des Technikers wurde ein Foto aufgenommen. Foto wird gesendet…',
    sent: 'Foto gesendet',
    received: /Foto angekommen: \d+ × \d+ Pixel/,
    open: /^Öffnen: Foto,/,
    openSnapshot: /^Öffnen: Schnappschuss,/,
    rectangle: 'Rechteck',
    area: 'Zeichenfläche',
    zoomIn: 'Vergrößern',
    turn: 'Nach rechts drehen',
    download: 'Herunterladen',
    withMarks: 'Mit Markierungen herunterladen',
    close: 'Schließen',
    deletePhoto: 'Foto löschen',
    delete: 'Löschen',
    deleted: 'Schnappschuss gelöscht',
    cancel: 'Abbrechen',
    details: 'Angaben',
    pause: 'Kamera anhalten',
    none: 'Das Telefon kann im Moment kein Foto aufnehmen',
    permissions: 'Freigaben',
    takeBack: 'Zurücknehmen: Fotos',
    withdrawn: 'Der Kunde hat die Erlaubnis für Fotos zurückgenommen',
  },
} as const;

/** Of the test of the bad link: a photo of a megabyte takes a minute there. */
const SLOW_MS = 240_000;
const SEVERAL = { FERNBLICK_MAX_ACTIVE_SESSIONS: '10' };

let relay: RelayProcess;
let browser: Browser;

t.before(async () => {
  relay = await startRelay({ env: SEVERAL });
  browser = await launchChromium(SLOW_CAMERA);
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
});

async function session(tongue: Tongue, link?: ImpairedLink) {
  const technician = await Technician.signIn(browser, relay.origin, tongue);
  const pin = await technician.createPin('Ada Lovelace');
  const customer = await Customer.open(browser, link?.origin ?? relay.origin, tongue, link ? { link } : {});
  const complaints: string[] = [];
  for (const { page } of [technician, customer]) {
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') {
        complaints.push(message.text());
      }
    });
  }
  await customer.typePin(pin);
  await customer.join();
  await technician.start();
  await seesMovement(technician.page, technician.words.customerCamera);
  const id = Number(new URL(technician.page.url()).pathname.split('/').at(-1));
  return { technician, customer, complaints, id };
}

async function allowPhotos(customer: Customer, tongue: Tongue): Promise<void> {
  const question = customer.page.getByRole('dialog', { name: WORDS[tongue].asked });
  await question.getByRole('button', { name: WORDS[tongue].allow, exact: true }).click();
}

/** A phone's photo mode: 12 megapixels of something that looks like a picture. The page keeps what it gave. */
async function givePhotoMode(page: Page): Promise<void> {
  await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 4000;
    canvas.height = 3000;
    const drawing = canvas.getContext('2d');
    if (!drawing) {
      throw new Error('This browser cannot draw.');
    }
    const gradient = drawing.createLinearGradient(0, 0, 4000, 3000);
    gradient.addColorStop(0, '#d02020');
    gradient.addColorStop(1, '#2020d0');
    drawing.fillStyle = gradient;
    drawing.fillRect(0, 0, 4000, 3000);
    for (let i = 0; i < 6000; i++) {
      drawing.fillStyle = `hsl(${(i * 47) % 360} 80% 50%)`;
      drawing.fillRect((i * 977) % 4000, (i * 1481) % 3000, 12, 9);
    }
    const taken = new Promise<Blob>((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no blob'))), 'image/jpeg', 0.6);
    });
    Object.assign(window, {
      taken,
      ImageCapture: class {
        getPhotoCapabilities = async () => ({ imageWidth: { max: 4000 }, imageHeight: { max: 3000 } });
        takePhoto = () => taken;
      },
    });
  });
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function takenBytes(page: Page): Promise<Buffer> {
  const base64 = await page.evaluate(async () => {
    const { taken } = window as unknown as { taken: Promise<Blob> };
    const reader = new FileReader();
    const read = new Promise<string>((resolve) => {
      reader.onload = () => resolve(String(reader.result));
    });
    reader.readAsDataURL(await taken);
    return (await read).split(',')[1] ?? '';
  });
  return Buffer.from(base64, 'base64');
}

type Voice = { packets: number; energy: number; at: number };

/** Packets of the voice that this page has heard of the other one so far. */
async function voicePackets(page: Page): Promise<Voice> {
  const heard = await page.evaluate(async () => {
    const { connections } = window as unknown as Instrumented;
    let [packets, energy] = [0, 0];
    for (const connection of connections) {
      for (const stats of (await connection.getStats()).values()) {
        if (stats.type === 'inbound-rtp' && stats.kind === 'audio') {
          packets += stats.packetsReceived ?? 0;
          energy += stats.totalAudioEnergy ?? 0;
        }
      }
    }
    return { packets, energy, at: performance.now() };
  });
  return heard;
}

function perSecond(before: Voice, now: Voice): number {
  return (1000 * (now.packets - before.packets)) / Math.max(1, now.at - before.at);
}

for (const tongue of ['en', 'de'] as const satisfies readonly Tongue[]) {
  t.test(`a photo is asked for, taken, shown, marked and downloaded (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const { technician, customer, complaints, id } = await session(tongue);
    const desk = technician.page;
    await technician.press(words.take);
    await technician.sees(words.isAsked);
    const question = customer.page.getByRole('dialog', { name: words.asked });
    await question.getByRole('button', { name: words.deny, exact: true }).click();
    await technician.sees(words.refused);
    t.equal(await desk.getByRole('button', { name: words.open }).count(), 0, 'without consent there is none');

    await technician.press(words.take);
    await allowPhotos(customer, tongue);
    await customer.sees(words.sent);
    await desk.getByRole('button', { name: words.open }).click();
    const dialog = desk.getByRole('dialog');
    const image = dialog.getByRole('img', { name: words.photo, exact: true });
    const shown = await image.evaluate(async (element) => {
      const img = element as HTMLImageElement;
      await img.decode();
      const canvas = document.createElement('canvas');
      canvas.width = img.naturalWidth;
      canvas.height = img.naturalHeight;
      const drawing = canvas.getContext('2d');
      drawing?.drawImage(img, 0, 0);
      const pixels = drawing?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return { width: canvas.width, height: canvas.height, colours: new Set(pixels).size };
    });
    t.ok(shown.width >= 640 && shown.height >= 480, `${shown.width}x${shown.height}`);
    t.ok(shown.colours > 2, 'the pixels of the fake camera');

    await dialog.getByRole('button', { name: words.zoomIn }).click();
    await dialog.getByRole('button', { name: words.turn }).click();
    await dialog.getByRole('button', { name: words.turn }).click();
    t.equal(await dialog.getByRole('button', { name: words.withMarks }).isDisabled(), true);
    await dialog.getByRole('button', { name: words.rectangle, exact: true }).click();
    const box = await dialog.getByRole('application', { name: words.area }).boundingBox();
    if (!box) {
      throw new Error('nothing to draw on');
    }
    await desk.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.4);
    await desk.mouse.down();
    await desk.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.6, { steps: 5 });
    await desk.mouse.up();
    await until('a mark', () => dialog.getByRole('button', { name: words.withMarks }).isEnabled());
    const bytesOf = async (name: string) => {
      const saved = desk.waitForEvent('download');
      await dialog.getByRole('button', { name, exact: true }).click();
      return readFileSync(await (await saved).path());
    };
    const plain = await bytesOf(words.download);
    const marked = await bytesOf(words.withMarks);
    const onDisk = readFileSync(join(relay.dataDir, 'files', 'photos', String(id), photoId(id)));
    t.equal(hashOf(plain), hashOf(onDisk), 'the download is the photo as it came');
    t.same([...marked.subarray(0, 3)], [0xff, 0xd8, 0xff]);
    t.not(hashOf(marked), hashOf(plain));

    await desk.reload();
    await desk.getByRole('tab', { name: words.photos }).click();
    await desk.getByRole('button', { name: words.open }).click();
    await until('the mark to be there again', () =>
      desk.getByRole('dialog').getByRole('button', { name: words.withMarks }).isEnabled(),
    );
    await desk.getByRole('dialog').getByRole('button', { name: words.close }).click();

    await technician.press(words.snapshot);
    await desk.getByRole('button', { name: words.openSnapshot }).click();
    await dialog.getByRole('button', { name: words.deletePhoto, exact: true }).click();
    await desk.keyboard.press('Enter');
    await dialog.getByRole('button', { name: words.deletePhoto, exact: true }).click();
    await dialog.getByRole('button', { name: words.delete, exact: true }).click();
    await dialog.getByRole('button', { name: words.close }).click();
    await desk.getByRole('button', { name: words.openSnapshot }).waitFor({ state: 'detached' });
    await desk.getByRole('tab', { name: words.details }).click();
    await technician.sees(words.deleted);
    await technician.sees(words.received);

    await customer.press(words.pause);
    await technician.press(words.take);
    await technician.sees(words.none);
    t.same(complaints, []);
    await technician.end();
    await desk.getByRole('tab', { name: words.photos }).click();
    await desk.getByRole('button', { name: words.open }).waitFor();
    t.pass('photos stay on the page of the session');
    const stranger = await fetch(`${relay.origin}/api/sessions/${id}/photos/${photoId(id)}`);
    t.equal(stranger.status, 401, 'and are for nobody who is not signed in');
    await technician.goAway();
    await customer.goAway();
  });
}

/** Of the oldest photo of the session, by the files of the relay. */
function photoId(id: number): string {
  const [first = ''] = readdirSync(join(relay.dataDir, 'files', 'photos', String(id))).sort(
    (one, other) => Number(one) - Number(other),
  );
  return first;
}

t.test(
  '12 megapixels over 300 kbit/s with two cuts arrive byte by byte, and the voice goes on',
  { timeout: SLOW_MS },
  async (t) => {
    const words = WORDS.en;
    const link = await ImpairedLink.open({ relayPort: relay.port });
    t.teardown(() => link.close());
    const { technician, customer, id } = await session('en', link);
    const desk = technician.page;
    await givePhotoMode(customer.page);
    const taken = await takenBytes(customer.page);
    await technician.press(words.take);
    await technician.sees(words.isAsked);
    link.up.change({ rateBps: 300_000 });
    // The picture has made itself small enough before the photo comes, as on a phone that is on such a network.
    for (let calm = 0, before = await voicePackets(desk); calm < 3; ) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const now = await voicePackets(desk);
      calm = perSecond(before, now) >= 45 ? calm + 1 : 0;
      before = now;
    }
    await allowPhotos(customer, 'en');
    const since = performance.now();
    const progress = desk.getByRole('progressbar');
    await progress.waitFor();
    const share = () => progress.evaluate((bar) => (bar as HTMLProgressElement).value).catch(() => 100);
    const onPhone = customer.page.getByRole('progressbar');

    // What of the voice came in each second, from here to the end.
    const heard: Voice[] = [];
    let listening = true;
    const listen = (async () => {
      while (listening) {
        heard.push(await voicePackets(desk));
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    })();
    const reaches = async (percent: number) => {
      const deadline = performance.now() + SLOW_MS / 2;
      while ((await share()) < percent && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    for (const percent of [25, 60]) {
      await reaches(percent);
      t.ok(
        (await onPhone.evaluate((bar) => (bar as HTMLProgressElement).value)) > 0,
        'both see how far it is',
      );
      const before = await share();
      link.cutTcp();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      link.restoreTcp();
      t.ok((await share()) >= before, `nothing that was there is gone (${before} %)`);
    }
    await desk.getByRole('button', { name: words.open }).waitFor({ timeout: SLOW_MS / 2 });
    listening = false;
    await listen;
    const seconds = (performance.now() - since) / 1000;
    const onDisk = readFileSync(join(relay.dataDir, 'files', 'photos', String(id), photoId(id)));
    t.equal(onDisk.length, taken.length);
    t.equal(
      hashOf(onDisk),
      hashOf(taken),
      `byte-identical: ${taken.length} bytes in ${Math.round(seconds)} s`,
    );
    const rates = heard.slice(1).map((now, at) => perSecond(heard[at] ?? now, now));
    t.comment(`voice packets per second: ${rates.map(Math.round).join(' ')}`);
    t.equal(rates.filter((rate) => rate < 25).length, 0, 'in every second half of the voice came, or more');
    t.ok((heard.at(-1)?.energy ?? 0) > (heard[0]?.energy ?? 0), 'and it was sound');
    await technician.goAway();
    await customer.goAway();
  },
);

/** A type plate as the phone's photo mode gives it: a bar code (Code 39) and a line of print. */
async function givePlate(page: Page): Promise<void> {
  await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 2400;
    canvas.height = 1600;
    const drawing = canvas.getContext('2d');
    if (!drawing) {
      throw new Error('This browser cannot draw.');
    }
    drawing.fillStyle = '#ffffff';
    drawing.fillRect(0, 0, 2400, 1600);
    drawing.fillStyle = '#000000';
    // Bars and spaces in turn, narrow and wide.
    const bars = ['nwnnwnwnn', 'nnnwwnnnw', 'nnnwnnwnw', 'wnnwnnnnw', 'wnnwnnnnw', 'nwnnwnwnn'].join('n');
    let x = 300;
    [...bars].forEach((each, at) => {
      const width = each === 'w' ? 30 : 10;
      if (at % 2 === 0) {
        drawing.fillRect(x, 300, width, 300);
      }
      x += width;
    });
    drawing.font = '120px sans-serif';
    drawing.fillText('SERIAL 0815', 300, 1100);
    const taken = new Promise<Blob>((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no blob'))), 'image/jpeg', 0.9);
    });
    Object.assign(window, {
      ImageCapture: class {
        getPhotoCapabilities = async () => ({});
        takePhoto = () => taken;
      },
    });
  });
}

t.test(
  'a bar code and printed text on a photo are read and taken into the notes',
  { timeout: 120_000 },
  async (t) => {
    const { technician, customer, complaints } = await session('en');
    const desk = technician.page;
    const foreign: string[] = [];
    desk.on('request', (request) => {
      if (!request.url().startsWith(relay.origin) && !request.url().startsWith('blob:')) {
        foreign.push(request.url());
      }
    });
    await givePlate(customer.page);
    await technician.press(WORDS.en.take);
    await allowPhotos(customer, 'en');
    await desk.getByRole('button', { name: WORDS.en.open }).click();
    const dialog = desk.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Read codes' }).click();
    await dialog.getByText('4711', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Copy: 4711' }).click();
    await dialog.getByText('Copied', { exact: true }).waitFor();
    t.equal(await desk.evaluate(() => navigator.clipboard.readText()), '4711');
    await dialog.getByRole('button', { name: 'To the notes: 4711' }).click();
    await dialog.getByRole('button', { name: 'Read text' }).click();
    await dialog.getByText('SERIAL 0815').waitFor({ timeout: 60_000 });
    await dialog.getByRole('button', { name: WORDS.en.close }).click();
    await technician.press(technician.words.end);
    t.equal(await desk.getByRole('dialog').getByLabel('Notes').inputValue(), '4711');
    t.same(foreign, [], 'nothing was asked from anybody else');
    t.same(complaints, []);
    await technician.goAway();
    await customer.goAway();
  },
);

t.end();
