/**
 * How the technician sees the customer's picture, and how good it is: sizes, turns, zoom, keys, what is remembered, the quality panel
 * and what the log keeps of it. Real: relay, media worker, pages, Chromium, pixels on the screen. Faked: the camera (a test card) and
 * the microphone; in one test the network, by a proxy that drops the customer's UDP.
 */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import { launchChromium } from '../support/chromium.ts';
import { ImpairedLink } from '../support/impairment-proxy.ts';
import { until } from '../support/media-probe.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { sceneCamera } from '../support/scene.ts';
import { type Colour, Shot, SQUARE_SHARE, writeTestCard } from '../support/test-card.ts';

const WORDS = {
  en: {
    view: 'View',
    fit: 'Fit Window',
    actual: 'Actual Size',
    stretch: 'Stretch to Window',
    custom: 'Custom zoom',
    percent: 'Zoom in percent',
    zoomIn: 'Zoom in',
    right: 'Rotate right by 90 degrees',
    left: 'Rotate left by 90 degrees',
    showLeft: 'Show more on the left',
    fullScreen: 'Full screen',
    shortcuts: 'Keyboard shortcuts',
    singleKeys: 'Use single-key shortcuts',
    close: 'Close',
    mute: 'Mute microphone',
    speaker: 'Mute speaker',
    quality: 'Quality',
    grade: /^(Good|Fair|Poor)$/,
    pictureTable: 'Picture, as it arrives',
    bitRate: 'Bit rate',
    loss: 'Loss',
    frameRate: 'Frame rate',
    phone: 'Sends everything that its camera and microphone give.',
    summary:
      /Quality over 00:\d\d: \w+ – picture [\d.]+ [kM]bit\/s \(min\. .*round trip \d+ ms \(max\. \d+ ms\)/,
  },
  de: {
    view: 'Ansicht',
    fit: 'An Fenster anpassen',
    actual: 'Originalgröße',
    stretch: 'Auf Fenstergröße strecken',
    custom: 'Eigener Zoom',
    percent: 'Zoom in Prozent',
    zoomIn: 'Vergrößern',
    right: 'Um 90 Grad nach rechts drehen',
    left: 'Um 90 Grad nach links drehen',
    showLeft: 'Weiter links',
    fullScreen: 'Vollbild',
    shortcuts: 'Tastenkürzel',
    singleKeys: 'Tastenkürzel mit einer einzelnen Taste verwenden',
    close: 'Schließen',
    mute: 'Mikrofon stummschalten',
    speaker: 'Lautsprecher stummschalten',
    quality: 'Qualität',
    grade: /^(Gut|Mäßig|Schlecht)$/,
    pictureTable: 'Bild, wie es ankommt',
    bitRate: 'Bitrate',
    loss: 'Verlust',
    frameRate: 'Bildrate',
    phone: 'Sendet alles, was Kamera und Mikrofon hergeben.',
    summary:
      /Qualität über 00:\d\d: [\wäß]+ – Bild [\d,]+ [kM]bit\/s \(min\. .*Umlaufzeit \d+ ms \(max\. \d+ ms\)/,
  },
} as const;

const UPRIGHT: Colour[] = ['red', 'green', 'blue', 'yellow'];
const TURNED_RIGHT: Colour[] = ['blue', 'red', 'yellow', 'green'];
const DARK: Colour[] = ['dark', 'dark', 'dark', 'dark'];

let relay: RelayProcess;
let browser: Browser;
/** Reads screenshots. */
let decoder: Page;

t.before(async () => {
  const card = join(t.testdir(), 'card.y4m');
  writeTestCard(card);
  // A test that fails leaves its session behind, which must not fail the others.
  relay = await startRelay({ env: { FERNBLICK_MAX_ACTIVE_SESSIONS: '10' } });
  browser = await launchChromium(sceneCamera(card));
  decoder = await browser.newPage();
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
});

async function startSession(tongue: Tongue, link?: ImpairedLink) {
  const technician = await Technician.signIn(browser, relay.origin, tongue);
  const pin = await technician.createPin('Ada Lovelace');
  const customer = await Customer.open(browser, link?.origin ?? relay.origin, tongue, {
    ...(link && { link }),
  });
  await customer.typePin(pin);
  await customer.join();
  await technician.sees(technician.words.customerConnected);
  await technician.start();
  const stage = technician.page.locator('session-view:not([hidden]) picture-stage').first();
  return { technician, customer, shoot: () => Shot.take(stage, decoder) };
}

/** Until the screen shows it: a picture takes a moment to come and to be drawn. */
async function shows(
  shoot: () => Promise<Shot>,
  what: string,
  condition: (shot: Shot) => boolean | Promise<boolean>,
): Promise<Shot> {
  let shot = await shoot();
  await until(`${what}; last seen: ${shot.quarters(120)} in ${shot.corners()}`, async () => {
    shot = await shoot();
    return condition(shot);
  });
  return shot;
}

const same = (a: readonly unknown[], b: readonly unknown[]) => a.join() === b.join();
const isNear = (value: number, wanted: number, tolerance = 3) => Math.abs(value - wanted) <= tolerance;
const turned = (shot: Shot, quarters: Colour[]) => same(shot.quarters(120), quarters);

/** In how many pixels the picture arrives, now and at most: a busy machine makes it smaller at times. */
async function pictureWidths(technician: Technician): Promise<{ now: number; widest: number }> {
  const video = technician.page.getByLabel(technician.words.customerCamera, { exact: true }).first();
  return video.evaluate((element) => {
    const { videoWidth: now, dataset } = element as HTMLVideoElement;
    const widest = Math.max(now, Number(dataset['widest'] ?? 0));
    if (dataset['widest'] === undefined) {
      element.addEventListener('resize', () => {
        const { videoWidth } = element as HTMLVideoElement;
        dataset['widest'] = String(Math.max(videoWidth, Number(dataset['widest'])));
      });
    }
    dataset['widest'] = String(widest);
    return { now, widest };
  });
}

for (const tongue of ['en', 'de'] as const satisfies readonly Tongue[]) {
  t.test(`the picture can be fitted, stretched, turned and zoomed, and stays so (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const { technician, customer, shoot } = await startSession(tongue);
    const { page } = technician;
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    const radio = (name: string) => page.getByRole('radio', { name, exact: true });
    const openMenu = async () => {
      await button(words.view).click();
      await page.getByRole('dialog', { name: words.view }).waitFor();
    };
    const closeMenu = () => page.keyboard.press('Escape');

    await technician.pictureArrives();
    await pictureWidths(technician);
    const fitted = await shows(shoot, 'the upright card', (shot) => turned(shot, UPRIGHT));
    t.same(fitted.corners(), DARK, 'fitted: bars above and below');
    const whole = fitted.square();
    t.ok(isNear(whole.width, fitted.width * SQUARE_SHARE), 'as wide as the window');
    t.ok(isNear(whole.width, whole.height), 'undistorted');

    await openMenu();
    await until('the focus on the choice', () => radio(words.fit).evaluate((one) => one.matches(':focus')));
    await button(words.right).click();
    await closeMenu();
    t.ok(
      await button(words.view).evaluate((one) => one.matches(':focus')),
      'the focus is back at the button',
    );
    const right = await shows(shoot, 'the card turned to the right', (shot) => turned(shot, TURNED_RIGHT));
    t.ok(isNear(right.square().width, right.height * SQUARE_SHARE), 'as high as the window');
    await page.keyboard.press('2');
    await shows(shoot, 'stretched to the corners, turned', (shot) => same(shot.corners(), TURNED_RIGHT));
    await openMenu();
    await button(words.left).click();
    await closeMenu();
    const stretched = await shows(shoot, 'stretched to the corners', (shot) => same(shot.corners(), UPRIGHT));
    t.ok(
      isNear(stretched.square().height, (stretched.height * SQUARE_SHARE * 16) / 9),
      'stretched in height',
    );

    await openMenu();
    await radio(words.actual).click();
    await closeMenu();
    let width = 0;
    const actual = await shows(shoot, 'one pixel for one', async (shot) => {
      width = (await pictureWidths(technician)).now;
      return isNear(shot.square().width, width * SQUARE_SHARE, 2);
    });
    t.ok(isNear(actual.square().height, width * SQUARE_SHARE, 2), 'in both directions');
    t.ok(isNear(actual.square().x + actual.square().width / 2, actual.width / 2), 'in the middle');

    await openMenu();
    await page.getByLabel(words.percent).fill('150');
    await page.keyboard.press('Enter');
    t.ok(await radio(words.custom).isChecked(), 'a percentage is a zoom of one’s own');
    await closeMenu();
    const zoomed = await shows(shoot, '150 percent', async (shot) =>
      isNear(shot.square().width, (await pictureWidths(technician)).widest * 1.5 * SQUARE_SHARE, 4),
    );
    const box = await page.locator('session-view:not([hidden]) picture-stage').first().boundingBox();
    const middle = { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + (box?.height ?? 0) / 2 };
    await page.mouse.move(middle.x, middle.y);
    await page.mouse.down();
    await page.mouse.move(middle.x + 60, middle.y + 40, { steps: 4 });
    await page.mouse.up();
    await shows(
      shoot,
      'the picture dragged',
      (shot) =>
        isNear(shot.square().x, zoomed.square().x + 60, 4) &&
        isNear(shot.square().y, zoomed.square().y + 40, 4),
    );
    await openMenu();
    await button(words.showLeft).click();
    await closeMenu();
    await shows(
      shoot,
      'the picture moved by the button',
      (shot) => shot.square().x > zoomed.square().x + 100,
    );

    await page.keyboard.press('0');
    await shows(shoot, 'the whole card', (shot) => isNear(shot.square().width, whole.width));
    await page.mouse.move(middle.x, middle.y);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Control');
    await shows(shoot, 'closer by the wheel', (shot) => isNear(shot.square().width, whole.width * 1.25, 6));
    await page.keyboard.press('-');
    await shows(shoot, 'further by the key', (shot) => isNear(shot.square().width, whole.width, 6));
    await page.keyboard.press('r');
    await page.keyboard.press('2');
    await shows(shoot, 'turned and stretched', (shot) => same(shot.corners(), TURNED_RIGHT));

    await page.reload();
    await shows(shoot, 'turned and stretched after loading again', (shot) =>
      same(shot.corners(), TURNED_RIGHT),
    );
    await openMenu();
    t.ok(await radio(words.stretch).isChecked());
    await page.evaluate(() =>
      localStorage.setItem('fernblick.view', '{"mode":"upside","zoom":"x","rotation":45}'),
    );
    await page.reload();
    await shows(shoot, 'the whole card when what was kept is nonsense', (shot) => turned(shot, UPRIGHT));
    await technician.end();
    await technician.goAway();
    await customer.goAway();
  });

  t.test(
    `keys act in the session, rest in fields and dialogs, and can be switched off (${tongue})`,
    async (t) => {
      const words = WORDS[tongue];
      const { technician, customer, shoot } = await startSession(tongue);
      const { page } = technician;
      const button = (name: string) => page.getByRole('button', { name, exact: true });
      const isPressed = async (name: string) => (await button(name).getAttribute('aria-pressed')) === 'true';
      await technician.pictureArrives();
      await shows(shoot, 'the upright card', (shot) => turned(shot, UPRIGHT));

      await page.keyboard.press('s');
      await until('the speaker to be muted', () => isPressed(words.speaker));
      await until('a microphone', async () => !(await button(words.mute).isDisabled()));
      await page.keyboard.press('m');
      await until('the microphone to be muted', () => isPressed(words.mute));
      const name = page.getByRole('textbox', { name: technician.words.name, exact: true });
      await name.fill('');
      await name.pressSequentially('Mr. Fms?');
      t.ok(await isPressed(words.mute), 'a letter in a field is a letter');
      t.equal(await name.inputValue(), 'Mr. Fms?');
      t.equal(await page.getByRole('dialog', { name: words.shortcuts }).count(), 0);
      await name.blur();

      await page.keyboard.press('?');
      const overview = page.getByRole('dialog', { name: words.shortcuts });
      await overview.waitFor();
      t.equal(await overview.getByRole('row').count(), 12, 'a row for each key below the heading');
      await page.keyboard.press('r');
      await overview.getByLabel(words.singleKeys).uncheck();
      await overview.getByRole('button', { name: words.close }).click();
      await overview.waitFor({ state: 'hidden' });
      await page.keyboard.press('r');
      await page.keyboard.press('?');
      t.ok(turned(await shoot(), UPRIGHT), 'neither behind the dialog nor switched off');
      t.equal(await overview.count(), 0);
      await button(words.shortcuts).click();
      await overview.getByLabel(words.singleKeys).check();
      await page.keyboard.press('Escape');
      await overview.waitFor({ state: 'hidden' });
      t.ok(
        await button(words.shortcuts).evaluate((one) => one.matches(':focus')),
        'the focus is back at the button',
      );
      await page.keyboard.press('r');
      await shows(shoot, 'the card turned by the key', (shot) => turned(shot, TURNED_RIGHT));

      await page.keyboard.press('f');
      await until('the full screen', () => page.evaluate(() => document.fullscreenElement !== null));
      t.ok(await button(technician.words.end).isVisible(), 'with the bar below the picture');
      await page.keyboard.press('f');
      await until('the window again', () => page.evaluate(() => document.fullscreenElement === null));
      await technician.end();
      await technician.goAway();
      await customer.goAway();
    },
  );

  t.test(`quality is told in words and figures, and stands in the log at the end (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const { technician, customer } = await startSession(tongue);
    const { page } = technician;
    await technician.pictureArrives();
    await page.getByRole('button', { name: words.quality, exact: true }).click();
    const panel = page.getByRole('dialog', { name: words.quality });
    await panel.getByText(words.grade).waitFor();
    const picture = panel.getByRole('table', { name: words.pictureTable });
    const figure = (name: string) => picture.getByRole('row', { name }).getByRole('cell').last().innerText();
    await until('a bit rate', async () => /^\d[\d.,]* [kM]bit\/s$/.test(await figure(words.bitRate)));
    await until('a frame rate', async () => /^\d+ \S+$/.test(await figure(words.frameRate)));
    t.match(await figure(words.loss), /^\d[\d.,]* %$/);
    t.equal(await panel.getByRole('img').count(), 10, 'a line for each figure');
    await panel.getByText(words.phone).waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'hidden' });
    await technician.end();
    await technician.sees(words.summary);
    await technician.goAway();
    await customer.goAway();
  });
}

t.test('stills are turned and stretched like the video', async (t) => {
  const link = await ImpairedLink.open({ relayPort: relay.port });
  t.teardown(() => link.close());
  link.blockUdp(true);
  const { technician, customer, shoot } = await startSession('en', link);
  const { page } = technician;
  await page.getByRole('img', { name: technician.words.customerCamera, exact: true }).waitFor();
  await shows(shoot, 'the upright still', (shot) => turned(shot, UPRIGHT));
  await page.keyboard.press('r');
  await page.keyboard.press('2');
  await shows(shoot, 'the still, turned and stretched', (shot) =>
    same(shot.corners().slice(0, 2), TURNED_RIGHT.slice(0, 2)),
  );
  t.equal(await page.getByText(/^Still, \d+ s ago$/).count(), 1, 'its age stays upright beside it');
  await technician.end();
  await technician.sees(/stills for [1-9]/);
  await technician.goAway();
  await customer.goAway();
});

t.end();
