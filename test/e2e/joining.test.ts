/**
 * Joining well: what both sides read of the customer's phone before the start, and photos from a phone whose camera cannot be had.
 * Real: relay, media worker, pages, Chromium. Faked: camera and microphone.
 */
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import { type Instrumented, launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { hearsSound, rtpPacketsSent, seesMovement, until } from '../support/media-probe.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    check: 'Check',
    checkOfPhone: 'Check of the customer’s phone',
    checks: ['Camera', 'Microphone', 'Connection', 'Picture and sound', 'Upload speed'],
    good: 'good',
    works: 'Everything works.',
    goOn: 'Go on without camera',
    takePhoto: 'Take a photo',
    denied: 'The camera is not allowed',
    why: 'does not allow the camera: the customer takes photos instead',
    noImage: 'This file is not a picture that can be shown',
    sent: 'The technician sees this photo.',
    useCamera: 'Use the camera',
  },
  de: {
    check: 'Prüfung',
    checkOfPhone: 'Prüfung des Telefons',
    checks: ['Kamera', 'Mikrofon', 'Verbindung', 'Bild und Ton', 'Sendetempo'],
    good: 'gut',
    works: 'Alles funktioniert.',
    goOn: 'Ohne Kamera weiter',
    takePhoto: 'Foto aufnehmen',
    denied: 'Die Kamera ist nicht erlaubt',
    why: 'erlaubt die Kamera nicht: Der Kunde nimmt stattdessen Fotos auf',
    noImage: 'Diese Datei ist kein Bild, das sich anzeigen lässt',
    sent: 'Der Techniker sieht dieses Foto.',
    useCamera: 'Kamera benutzen',
  },
} as const;

const SECRET_PLACE = '48.137154N 11.576124E';

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
  t.test(`before the start both sides read that everything is green (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const technician = await Technician.signIn(browser, relay.origin, tongue);
    const pin = await technician.createPin('Ada Lovelace');
    const customer = await Customer.open(browser, relay.origin, tongue);
    await customer.typePin(pin);
    await customer.join();
    const since = performance.now();
    const dialog = technician.page.getByRole('dialog');
    const inDialog = dialog.getByRole('list', { name: words.checkOfPhone });
    await inDialog.waitFor();
    t.ok(performance.now() - since < 8_000, `after ${Math.round(performance.now() - since)} ms`);
    await customer.sees(words.works);

    const onPhone = customer.page.getByRole('list', { name: words.check, exact: true });
    for (const list of [inDialog, onPhone]) {
      const rows = await list.getByRole('listitem').allInnerTexts();
      t.equal(rows.length, words.checks.length);
      for (const [i, check] of words.checks.entries()) {
        t.match(rows[i], new RegExp(`^\\s*${check}[^]*${words.good}\\s*$`));
      }
    }
    t.match((await inDialog.getByRole('listitem').allInnerTexts())[2], /\d+ ms/);
    t.match((await inDialog.getByRole('listitem').allInnerTexts())[4], /bit\/s/);
    t.equal(await rtpPacketsSent(customer.page), 0, 'not one packet of picture or sound has left the phone');
    await technician.goAway();
    await customer.goAway();
  });
}

/** What a phone's camera app writes: lying on its side, with a note how to turn it and where it was taken. Red above blue, once upright. */
async function phonePhoto(page: Page): Promise<Buffer> {
  const base64 = await page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 3000;
    canvas.height = 2000;
    const drawing = canvas.getContext('2d');
    if (drawing) {
      drawing.fillStyle = '#d02020';
      drawing.fillRect(0, 0, 1500, 2000);
      drawing.fillStyle = '#2020d0';
      drawing.fillRect(1500, 0, 1500, 2000);
    }
    return canvas.toDataURL('image/jpeg', 0.9).split(',')[1] ?? '';
  });
  const jpeg = Buffer.from(base64, 'base64');
  // One entry: orientation (0x0112), a short, 6: to be turned a quarter to the right.
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010006000000000000', 'hex');
  const content = Buffer.concat([Buffer.from('Exif\0\0'), tiff, Buffer.from(SECRET_PLACE)]);
  const head = Buffer.alloc(4);
  head.writeUInt16BE(0xffe1, 0);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

/** A browser that was told no, until the page is loaded again. */
async function denyCamera(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = (constraints) =>
      constraints?.video
        ? Promise.reject(new DOMException('', 'NotAllowedError'))
        : getUserMedia(constraints);
  });
}

function isAbout(colour: number[] | undefined, expected: number[]): boolean {
  return colour !== undefined && expected.every((value, i) => Math.abs((colour[i] ?? 999) - value) < 24);
}

type Shown = { width: number; height: number; above: number[]; below: number[] };

/** The photo on the technician's screen, and its colours. */
function photoOn(page: Page, name: string): Promise<Shown | undefined> {
  const image = page.getByRole('img', { name, exact: true }).and(page.locator('img'));
  return image.evaluate((element) => {
    const { naturalWidth: width, naturalHeight: height } = element as HTMLImageElement;
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    const drawing = canvas.getContext('2d');
    if (!drawing || width === 0) {
      return undefined;
    }
    drawing.drawImage(element as HTMLImageElement, 0, 0);
    const at = (y: number) => [...drawing.getImageData(width / 2, y, 1, 1).data];
    return { width, height, above: at(height / 4), below: at((height * 3) / 4) };
  });
}

for (const tongue of ['en', 'de'] as const satisfies readonly Tongue[]) {
  t.test(
    `a denied camera leads to photos, which arrive upright and without their data (${tongue})`,
    async (t) => {
      const words = WORDS[tongue];
      const technician = await Technician.signIn(browser, relay.origin, tongue);
      // The frames as they come, before anything of the page has touched them.
      const frames: Buffer[] = [];
      technician.page.on('websocket', (socket) => {
        socket.on('framereceived', ({ payload }) => {
          if (typeof payload !== 'string') {
            frames.push(payload);
          }
        });
      });
      await technician.page.reload();
      await technician.page
        .getByRole('button', { name: technician.words.newSession, exact: true })
        .first()
        .waitFor();
      const pin = await technician.createPin('Ada Lovelace');
      const customer = await Customer.open(browser, relay.origin, tongue);
      await denyCamera(customer.page);
      await customer.typePin(pin);
      await customer.press(customer.words.allowCamera);
      await customer.press(words.goOn);
      await customer.press(customer.words.accept);
      await customer.page.getByRole('heading', { name: customer.words.pleaseWait }).waitFor();
      await technician.start();
      await technician.sees(words.why);
      await customer.page.getByRole('heading', { name: words.denied }).waitFor();
      await hearsSound(technician.page);
      t.pass('the voice is there all the same');

      const input = customer.page.locator('photo-card input');
      await input.setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') });
      await customer.sees(words.noImage);
      const chooser = customer.page.waitForEvent('filechooser');
      await customer.press(words.takePhoto);
      const buffer = await phonePhoto(customer.page);
      t.ok(buffer.includes(SECRET_PLACE));
      await (await chooser).setFiles({ name: 'b.jpg', mimeType: 'image/jpeg', buffer });
      await customer.sees(words.sent);
      let shown: Shown | undefined;
      await until('the photo on the technician’s screen', async () => {
        shown = await photoOn(technician.page, technician.words.customerCamera);
        return shown !== undefined;
      });
      t.ok(
        shown && shown.height > shown.width && shown.height === 1600,
        `upright: ${shown?.width}x${shown?.height}`,
      );
      t.ok(isAbout(shown?.above, [0xd0, 0x20, 0x20]), `red above: ${shown?.above}`);
      t.ok(isAbout(shown?.below, [0x20, 0x20, 0xd0]), `blue below: ${shown?.below}`);
      t.equal(frames.length, 1);
      t.notOk(
        frames.some((frame) => frame.includes(SECRET_PLACE) || frame.includes('Exif')),
        'nothing but pixels',
      );

      await customer.page.reload();
      await customer.page.getByRole('heading', { name: words.denied }).waitFor();
      t.pass('a reload goes on with photos');
      await customer.press(words.useCamera);
      await seesMovement(technician.page, technician.words.customerCamera);
      await technician.noLongerSees(words.why);
      t.pass('and the camera can be had again at any time');
      await technician.end();
      await technician.goAway();
      await customer.goAway();
    },
  );
}

t.test('a phone with several rear cameras offers them by name, before the session and in it', async (t) => {
  const phones = await launchChromium(['--use-fake-device-for-media-stream=device-count=4']);
  t.teardown(() => phones.close());
  const technician = await Technician.signIn(phones, relay.origin, 'en');
  const pin = await technician.createPin('Ada Lovelace');
  const customer = await Customer.open(phones, relay.origin, 'en');
  const { page } = customer;
  // The names of an iPhone for the cameras of Chromium. (Its encoder takes nothing from the second one, also without us.)
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const enumerateDevices = mediaDevices.enumerateDevices.bind(mediaDevices);
    const labels = ['Back Camera', 'Front Camera', 'Back Telephoto Camera', 'Back Ultra Wide Camera'];
    mediaDevices.enumerateDevices = async () => {
      const devices = (await enumerateDevices()).filter(({ kind }) => kind === 'videoinput');
      return devices.map(
        ({ kind, deviceId }, i) => ({ kind, deviceId, label: labels[i] }) as MediaDeviceInfo,
      );
    };
  });
  const inUse = () =>
    page.evaluate(() => {
      const { captured } = window as unknown as Instrumented;
      return captured
        .findLast(({ kind, readyState }) => kind === 'video' && readyState === 'live')
        ?.getSettings().deviceId;
    });
  const menu = page.getByRole('dialog', { name: 'Which camera?' });
  const choose = async (name: string) => {
    const before = await inUse();
    await page.getByRole('button', { name: 'Switch camera' }).click();
    await menu.getByRole('button', { name, exact: true }).click();
    await until(`the camera ${name}`, async () => ![before, undefined].includes(await inUse()));
  };
  await customer.typePin(pin);
  await customer.press(customer.words.allowCamera);
  await page.getByRole('button', { name: 'Switch camera' }).click();
  t.same(
    (await menu.getByRole('button').allInnerTexts()).map((text) => text.trim()),
    [...['Wide', 'Ultra wide', 'Tele', 'Front', 'Close']],
  );
  await menu.getByRole('button', { name: 'Close' }).click();
  await choose('Ultra wide');
  await customer.press(customer.words.proceed);
  await customer.press(customer.words.accept);
  await page.getByRole('heading', { name: customer.words.pleaseWait }).waitFor();
  await technician.start();
  await seesMovement(technician.page, technician.words.customerCamera);
  await choose('Tele');
  await seesMovement(technician.page, technician.words.customerCamera);
  await page.getByRole('button', { name: 'Switch camera' }).click();
  t.equal(await menu.getByRole('button', { pressed: true }).innerText(), 'Tele');
  await technician.goAway();
  await customer.goAway();
});

t.end();
