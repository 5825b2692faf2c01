/**
 * What a technician asks of the phone's camera, as both people see it. Real: relay, media worker, both pages, Chromium, and that its
 * fake camera has neither light nor zoom. Faked: camera and microphone; light, zoom and lenses of the phone in the tests that need them.
 */
import { rmSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { rtpPacketsSent, seesMovement, until } from '../support/media-probe.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    phone: 'Phone',
    light: 'Light',
    lightOn: 'has turned the light on',
    zoom: 'Zoom',
    rear: 'Rear camera',
    front: 'Front camera',
    otherCamera: 'has chosen another camera',
    smooth: 'Smooth (for movement)',
    wantsSmooth: 'has asked for a smooth picture',
    pause: 'Pause camera',
    pausedByOther: 'has paused your camera',
    askPicture: 'Ask for the picture',
    asked: 'The customer is asked whether the picture may be shown again.',
    wouldLike: /would like to see your camera’s picture again/,
    stay: 'Stay paused',
    declined: 'The customer keeps the camera paused.',
    show: 'Show the picture',
    camera: 'Camera',
    noLight: 'This camera has no light, or the browser does not let pages use it (such as an older iPhone).',
    noZoom: 'This camera or its browser has no zoom.',
    noOther: 'The phone offers no other camera.',
    isPaused: 'The camera is paused.',
    pauseOwn: 'Pause camera',
    resumeOwn: 'Resume camera',
    more: 'More',
    turnOn: 'Turn light on',
    turnOff: 'Turn light off',
    close: 'Close',
  },
  de: {
    phone: 'Handy',
    light: 'Licht',
    lightOn: 'hat das Licht eingeschaltet',
    zoom: 'Zoom',
    rear: 'Rückkamera',
    front: 'Frontkamera',
    otherCamera: 'hat eine andere Kamera gewählt',
    smooth: 'Flüssig (für Bewegung)',
    wantsSmooth: 'wünscht ein flüssiges Bild',
    pause: 'Kamera anhalten',
    pausedByOther: 'hat Ihre Kamera angehalten',
    askPicture: 'Um das Bild bitten',
    asked: 'Der Kunde wird gefragt, ob das Bild wieder gezeigt werden darf.',
    wouldLike: /möchte das Bild Ihrer Kamera wieder sehen/,
    stay: 'Angehalten lassen',
    declined: 'Der Kunde lässt die Kamera angehalten.',
    show: 'Bild zeigen',
    camera: 'Kamera',
    noLight:
      'Diese Kamera hat kein Licht, oder der Browser gibt es Webseiten nicht frei (etwa auf einem älteren iPhone).',
    noZoom: 'Diese Kamera oder ihr Browser hat keinen Zoom.',
    noOther: 'Das Telefon bietet keine andere Kamera an.',
    isPaused: 'Die Kamera ist angehalten.',
    pauseOwn: 'Kamera anhalten',
    resumeOwn: 'Kamera fortsetzen',
    more: 'Mehr',
    turnOn: 'Licht einschalten',
    turnOff: 'Licht ausschalten',
    close: 'Schließen',
  },
} as const;

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
  rmSync(relay?.dataDir ?? '', { recursive: true, force: true });
});

/** A phone with a light and a zoom at the back, and a front camera without either. */
async function withAbilities(page: Page): Promise<void> {
  await page.evaluate(() => {
    type Extra = { torch?: boolean; zoom?: number };
    const set = new WeakMap<MediaStreamTrack, Extra>();
    const applied: Extra[] = [];
    Object.assign(window, { applied });
    const { getCapabilities, getSettings, applyConstraints } = MediaStreamTrack.prototype;
    const isFront = (track: MediaStreamTrack) => (track as { given?: string }).given === 'front';
    MediaStreamTrack.prototype.getCapabilities = function () {
      const more = isFront(this) ? {} : { torch: true, zoom: { min: 1, max: 8, step: 0.1 } };
      return { ...Reflect.apply(getCapabilities, this, []), ...more };
    };
    MediaStreamTrack.prototype.getSettings = function () {
      const own = Reflect.apply(getSettings, this, []);
      const { given } = this as MediaStreamTrack & { given?: string };
      return { ...own, ...(given && { deviceId: given }), ...(set.get(this) ?? { torch: false, zoom: 1 }) };
    };
    MediaStreamTrack.prototype.applyConstraints = async function (constraints) {
      const [extra] = (constraints?.advanced ?? []) as Extra[];
      if (extra && ('torch' in extra || 'zoom' in extra)) {
        set.set(this, { ...set.get(this), ...extra });
        applied.push(extra);
        return;
      }
      await Reflect.apply(applyConstraints, this, [constraints]);
    };
    const { mediaDevices } = navigator;
    mediaDevices.enumerateDevices = async () =>
      [
        { deviceId: 'back', label: 'camera2 0, facing back' },
        { deviceId: 'front', label: 'camera2 1, facing front' },
      ].map((device) => ({ ...device, kind: 'videoinput', groupId: '', toJSON: () => device }));
    const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const { video, ...rest } = constraints ?? {};
      const { deviceId, ...other } = typeof video === 'object' ? video : {};
      const stream = await getUserMedia({ ...rest, ...(video && { video: other }) });
      const [track] = stream.getVideoTracks();
      const wanted = deviceId as ConstrainDOMStringParameters | undefined;
      if (track) {
        Object.assign(track, { given: wanted?.exact ?? 'back' });
      }
      return stream;
    };
  });
}

async function session(tongue: Tongue, prepare?: (page: Page) => Promise<void>) {
  const words = WORDS[tongue];
  const technician = await Technician.signIn(browser, relay.origin, tongue);
  const pin = await technician.createPin('Ada Lovelace');
  const customer = await Customer.open(browser, relay.origin, tongue);
  await prepare?.(customer.page);
  await customer.typePin(pin);
  await customer.join();
  await technician.start();
  await technician.pictureArrives();
  const menu = technician.page.getByRole('dialog', { name: words.phone, exact: true });
  await technician.press(words.phone);
  await menu.waitFor();
  return { words, technician, customer, menu };
}

for (const tongue of ['en', 'de'] as const satisfies readonly Tongue[]) {
  t.test(`the technician turns the light on, zooms and takes the other camera (${tongue})`, async (t) => {
    const { words, technician, customer, menu } = await session(tongue, withAbilities);
    const applied = () =>
      customer.page.evaluate(
        () => (window as unknown as { applied: { torch?: boolean; zoom?: number }[] }).applied,
      );

    await menu.getByRole('switch', { name: words.light }).check();
    await customer.sees(words.lightOn);
    t.equal((await applied()).at(-1)?.torch, true);
    await until('the console to show the light on', () =>
      menu.getByRole('switch', { name: words.light }).isChecked(),
    );

    // The same light by the customer's own hand, which the technician sees.
    await customer.press(words.more);
    await customer.press(words.turnOff);
    await customer.page.getByRole('button', { name: words.turnOn }).waitFor();
    await customer.press(words.close);
    await until(
      'the console to show the light off',
      async () => !(await menu.getByRole('switch', { name: words.light }).isChecked()),
    );
    t.equal((await applied()).at(-1)?.torch, false);

    const zoom = menu.getByRole('slider', { name: words.zoom });
    await zoom.focus();
    for (let press = 0; press < 10; press++) {
      await technician.page.keyboard.press('ArrowRight');
    }
    await until('the zoom to arrive', async () => Math.abs(((await applied()).at(-1)?.zoom ?? 0) - 2) < 0.01);
    t.ok((await applied()).length < 12, 'not every step of the slider is a wish');

    await menu.getByRole('radio', { name: words.front }).check();
    await customer.sees(words.otherCamera);
    await until('the front camera', async () => menu.getByRole('radio', { name: words.front }).isChecked());
    await until('the light to be greyed', () => menu.getByRole('switch', { name: words.light }).isDisabled());

    await menu.getByRole('radio', { name: words.smooth }).check();
    await customer.sees(words.wantsSmooth);
    const hints = () =>
      customer.page.evaluate(() =>
        (window as unknown as { connections: RTCPeerConnection[] }).connections
          .flatMap((connection) => connection.getSenders())
          .flatMap(({ track }) => (track?.kind === 'video' ? track.contentHint : [])),
      );
    await until('the encoder to be told', async () => (await hints()).includes('motion'));
    await technician.goAway();
    await customer.goAway();
  });

  t.test(`pausing is done at once, going on is for the customer to decide (${tongue})`, async (t) => {
    const { words, technician, customer, menu } = await session(tongue);
    await menu.getByRole('button', { name: words.pause, exact: true }).click();
    await customer.sees(words.pausedByOther);
    await menu.getByRole('button', { name: words.askPicture }).waitFor();

    const question = customer.page.getByRole('dialog', { name: words.wouldLike });
    await menu.getByRole('button', { name: words.askPicture }).click();
    await question.waitFor();
    await technician.sees(words.asked);
    const packets = await rtpPacketsSent(customer.page);
    await customer.press(words.stay);
    await technician.sees(words.declined);
    await question.waitFor({ state: 'hidden' });
    t.equal(
      await customer.page.evaluate(() =>
        (window as unknown as { connections: RTCPeerConnection[] }).connections
          .flatMap((connection) => connection.getSenders())
          .some(({ track }) => track?.kind === 'video'),
      ),
      false,
      `no video is attached; ${packets} packets before`,
    );

    await menu.getByRole('button', { name: words.askPicture }).click();
    await question.waitFor();
    await customer.press(words.show);
    await menu.getByRole('button', { name: words.pause, exact: true }).waitFor();
    await technician.page.keyboard.press('Escape');
    await seesMovement(technician.page, technician.words.customerCamera);
    await technician.goAway();
    await customer.goAway();
  });

  t.test(`what a phone really cannot do is greyed and says why (${tongue})`, async (t) => {
    const { words, technician, customer, menu } = await session(tongue);
    const light = menu.getByRole('switch', { name: words.light });
    await until('the phone to have said what it can do', async () =>
      (await menu.innerText()).includes(words.noLight),
    );
    t.ok(await light.isDisabled());
    const describedBy = (await light.getAttribute('aria-describedby')) ?? '';
    t.equal((await menu.locator(`#${describedBy}`).innerText()).trim(), words.noLight);
    t.ok(await menu.getByRole('slider', { name: words.zoom }).isDisabled());
    await technician.sees(words.noZoom);
    await technician.sees(words.noOther);

    await customer.press(words.pauseOwn);
    await technician.sees(words.isPaused);
    await menu.getByRole('button', { name: words.askPicture }).waitFor();
    // The customer's own way on answers as well.
    await menu.getByRole('button', { name: words.askPicture }).click();
    await customer.page.getByRole('dialog', { name: words.wouldLike }).waitFor();
    await customer.press(words.stay);
    await customer.press(words.resumeOwn);
    await menu.getByRole('button', { name: words.pause, exact: true }).waitFor();
    await technician.goAway();
    await customer.goAway();
  });
}

t.end();
