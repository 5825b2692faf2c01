/**
 * Drawing on the picture, as both people see it. Real: relay, media worker, both pages, Chromium; what is asserted are pixels
 * of the other side's canvas. Faked: camera and microphone.
 */
import { rmSync } from 'node:fs';
import type { Browser, Download, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    whiteboard: 'Whiteboard',
    area: 'Drawing area',
    pen: 'Pen',
    rectangle: 'Rectangle',
    numberedArrow: 'Numbered arrow',
    laser: 'Laser pointer',
    red: 'Red',
    blue: 'Blue',
    undo: 'Undo',
    redo: 'Redo',
    eraseAll: 'Erase all',
    freeze: 'Freeze',
    unfreeze: 'Unfreeze',
    frozen: 'Frozen picture',
    save: 'Save picture',
    noStill: 'The phone has no picture to freeze at the moment',
    draw: 'Draw',
    done: 'Done',
    pause: 'Pause camera',
    firstMark: 'First mark drawn on the picture',
  },
  de: {
    whiteboard: 'Whiteboard',
    area: 'Zeichenfläche',
    pen: 'Stift',
    rectangle: 'Rechteck',
    numberedArrow: 'Nummerierter Pfeil',
    laser: 'Laserpointer',
    red: 'Rot',
    blue: 'Blau',
    undo: 'Rückgängig',
    redo: 'Wiederholen',
    eraseAll: 'Alles löschen',
    freeze: 'Einfrieren',
    unfreeze: 'Einfrieren aufheben',
    frozen: 'Standbild',
    save: 'Bild speichern',
    noStill: 'Das Telefon hat im Moment kein Bild zum Einfrieren',
    draw: 'Zeichnen',
    done: 'Fertig',
    pause: 'Kamera anhalten',
    firstMark: 'Erste Markierung auf dem Bild',
  },
} as const;

/** Okabe and Ito's, as relay/client/mark-drawing.ts has them. */
const VERMILION = [0xd5, 0x5e, 0x00];
const YELLOW = [0xf0, 0xe4, 0x42];
const BLUE = [0x00, 0x72, 0xb2];
const LASER = [0xe8, 0x00, 0x1c];
/** Of Chromium's fake camera. */
const PICTURE = { width: 1280, height: 720 };

type Extent = { left: number; top: number; right: number; bottom: number };

/** Where on the picture a page's canvas has this colour, in shares of the picture; undefined when nowhere. */
function extentOf(page: Page, canvas: 'finished' | 'moving', colour: number[]): Promise<Extent | undefined> {
  return page.locator(`canvas.${canvas}`).evaluate(
    (element, { colour, picture }) => {
      const board = element as HTMLCanvasElement;
      const { width, height } = board;
      const { data } = board.getContext('2d')?.getImageData(0, 0, width, height) ?? { data: [] };
      const scale = Math.min(width / picture.width, height / picture.height);
      const [left, top] = [(width - picture.width * scale) / 2, (height - picture.height * scale) / 2];
      const xs: number[] = [];
      const ys: number[] = [];
      for (let at = 0; at < data.length; at += 4) {
        const isColour = [0, 1, 2].every(
          (part) => Math.abs((data[at + part] ?? 0) - (colour[part] ?? 0)) < 6,
        );
        if (isColour && (data[at + 3] ?? 0) > 200) {
          xs.push(((at / 4) % width) - left);
          ys.push(Math.floor(at / 4 / width) - top);
        }
      }
      const share = (values: number[], side: number) =>
        [Math.min(...values), Math.max(...values)].map((value) => value / (side * scale));
      const [l = 0, r = 0] = share(xs, picture.width);
      const [u = 0, d = 0] = share(ys, picture.height);
      return xs.length > 10 ? { left: l, top: u, right: r, bottom: d } : undefined;
    },
    { colour, picture: PICTURE },
  );
}

/** Waits until the colour is there, or gone. */
async function sees(
  page: Page,
  colour: number[],
  canvas: 'finished' | 'moving' = 'finished',
): Promise<Extent> {
  for (let left = 100; left > 0; left--) {
    const extent = await extentOf(page, canvas, colour);
    if (extent) {
      return extent;
    }
    await page.waitForTimeout(50);
  }
  throw new Error(`no ${colour} on the ${canvas} canvas`);
}

async function seesNo(
  page: Page,
  colour: number[],
  canvas: 'finished' | 'moving' = 'finished',
): Promise<void> {
  for (let left = 100; await extentOf(page, canvas, colour); left--) {
    if (left === 0) {
      throw new Error(`still ${colour} on the ${canvas} canvas`);
    }
    await page.waitForTimeout(50);
  }
}

type Way = readonly [fromX: number, fromY: number, toX: number, toY: number];

/** Draws with the mouse, or a finger, in shares of the picture. */
async function stroke(page: Page, area: string, [fromX, fromY, toX, toY]: Way, lift = true): Promise<void> {
  const box = await page.getByRole('application', { name: area }).boundingBox();
  if (!box) {
    throw new Error('nothing to draw on');
  }
  const scale = Math.min(box.width / PICTURE.width, box.height / PICTURE.height);
  const at = (x: number, y: number): [number, number] => [
    box.x + box.width / 2 + (x - 0.5) * PICTURE.width * scale,
    box.y + box.height / 2 + (y - 0.5) * PICTURE.height * scale,
  ];
  await page.mouse.move(...at(fromX, fromY));
  await page.mouse.down();
  for (let step = 1; step <= 8; step++) {
    await page.mouse.move(...at(fromX + ((toX - fromX) * step) / 8, fromY + ((toY - fromY) * step) / 8));
  }
  if (lift) {
    await page.mouse.up();
  }
}

function lies(t: Test, { left, top, right, bottom }: Extent, [l, u, r, d]: Way, what: string): void {
  const off = [left - l, top - u, right - r, bottom - d].map(Math.abs);
  t.ok(Math.max(...off) < 0.02, `${what}: ${[left, top, right, bottom].map((value) => value.toFixed(3))}`);
}

const SEVERAL = { FERNBLICK_MAX_ACTIVE_SESSIONS: '10' };

let relay: RelayProcess;
let browser: Browser;

t.before(async () => {
  // A test that fails leaves its session behind, which is no reason for the next one to fail.
  relay = await startRelay({ env: SEVERAL });
  browser = await launchChromium(SLOW_CAMERA);
});

t.after(async () => {
  await browser?.close();
  await relay?.stop();
  rmSync(relay?.dataDir ?? '', { recursive: true, force: true });
});

async function session(tongue: Tongue) {
  const technician = await Technician.signIn(browser, relay.origin, tongue);
  const pin = await technician.createPin('Ada Lovelace');
  const customer = await Customer.open(browser, relay.origin, tongue);
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
  await technician.pictureArrives();
  const bar = technician.page.getByRole('group', { name: WORDS[tongue].whiteboard });
  const tool = (name: string) => bar.getByRole('button', { name, exact: true });
  return { technician, customer, complaints, bar, tool };
}

for (const tongue of ['en', 'de'] as const) {
  t.test(`both draw, and see it on the same spot of the picture (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const { technician, customer, complaints, tool } = await session(tongue);
    const [desk, phone] = [technician.page, customer.page];

    await tool(words.pen).click();
    t.equal(await tool(words.pen).getAttribute('aria-pressed'), 'true');
    await stroke(desk, words.area, [0.1, 0.3, 0.4, 0.3], false);
    lies(t, await sees(phone, VERMILION, 'moving'), [0.1, 0.295, 0.4, 0.305], 'while it is drawn');
    await desk.mouse.up();
    lies(t, await sees(phone, VERMILION), [0.1, 0.295, 0.4, 0.305], 'finished, at the phone');
    await seesNo(phone, VERMILION, 'moving');

    await phone.getByRole('button', { name: words.draw, exact: true }).click();
    await stroke(phone, words.area, [0.6, 0.7, 0.9, 0.7]);
    lies(t, await sees(desk, YELLOW), [0.6, 0.695, 0.9, 0.705], 'of the customer, at the console');
    await technician.sees(words.firstMark);

    await tool(words.undo).click();
    await seesNo(phone, VERMILION);
    await sees(phone, YELLOW);
    await tool(words.redo).click();
    await sees(phone, VERMILION);
    await phone.getByRole('button', { name: words.undo, exact: true }).click();
    await seesNo(desk, YELLOW);
    await phone.getByRole('button', { name: words.done, exact: true }).click();
    await phone.getByRole('button', { name: words.draw, exact: true }).waitFor();

    await tool(words.laser).click();
    await stroke(desk, words.area, [0.5, 0.5, 0.6, 0.5], false);
    await sees(phone, LASER, 'moving');
    await phone.waitForTimeout(1_500);
    await sees(phone, LASER, 'moving');
    await desk.mouse.up();
    await seesNo(phone, LASER, 'moving');

    await desk.reload();
    await sees(desk, VERMILION);
    await phone.reload();
    await sees(phone, VERMILION);
    await tool(words.eraseAll).click();
    await seesNo(phone, VERMILION);
    t.same(complaints, []);
    await technician.end();
    await technician.goAway();
    await customer.goAway();
  });

  t.test(`both see the same frozen picture with its marks (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const { technician, customer, complaints, tool } = await session(tongue);
    const [desk, phone] = [technician.page, customer.page];
    await tool(words.rectangle).click();
    await stroke(desk, words.area, [0.2, 0.2, 0.5, 0.5]);
    await sees(phone, VERMILION);

    await tool(words.freeze).click();
    const stills = [desk, phone].map((page) => page.getByRole('img', { name: words.frozen }));
    const read = await Promise.all(
      stills.map(async (still) => {
        await still.waitFor();
        return still.evaluate((element) => {
          const canvas = element as HTMLCanvasElement;
          const { width, height } = canvas;
          return { width, height, data: canvas.toDataURL() };
        });
      }),
    );
    t.match(read[0], PICTURE, 'in the full size of the camera');
    t.same(read[0], read[1], 'pixel for pixel the same at both');
    await seesNo(desk, VERMILION);
    await seesNo(phone, VERMILION);

    await tool(words.blue).click();
    await stroke(desk, words.area, [0.4, 0.4, 0.7, 0.7]);
    lies(t, await sees(phone, BLUE), [0.4, 0.4, 0.7, 0.7], 'on the still, at the phone');
    await phone.getByRole('button', { name: words.draw, exact: true }).click();
    await stroke(phone, words.area, [0.1, 0.1, 0.3, 0.1]);
    await sees(desk, YELLOW);
    await phone.getByRole('button', { name: words.done, exact: true }).click();

    const saved: Promise<Download> = desk.waitForEvent('download');
    await tool(words.save).click();
    const png = await (await saved).createReadStream().then((stream) => stream.toArray());
    const bytes = Buffer.concat(png as Buffer[]);
    t.same([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [1280, 720], 'saved as PNG in its full size');

    await desk.reload();
    await phone.reload();
    await sees(desk, BLUE);
    await sees(phone, BLUE);
    t.equal(
      await stills[0]?.evaluate((element) => (element as HTMLCanvasElement).toDataURL()),
      read[0]?.data,
      'the same still after a reload',
    );
    await tool(words.unfreeze).click();
    await sees(phone, VERMILION);
    await seesNo(phone, BLUE);
    t.equal(await stills[1]?.isVisible(), false);

    await phone.getByRole('button', { name: words.pause, exact: true }).click();
    await tool(words.freeze).click();
    await technician.sees(words.noStill);
    t.ok(await tool(words.freeze).isEnabled(), 'and can be tried again');
    t.same(complaints, []);
    await technician.end();
    await technician.goAway();
    await customer.goAway();
  });
}

t.test('marks are drawn by keyboard alone, and survive a relay that is killed', async (t) => {
  const words = WORDS.en;
  const { technician, customer, tool } = await session('en');
  const [desk, phone] = [technician.page, customer.page];
  await tool(words.numberedArrow).focus();
  await desk.keyboard.press('Enter');
  await desk.getByRole('application', { name: words.area }).focus();
  await desk.keyboard.press('ArrowRight');
  await desk.keyboard.press('Enter');
  for (let step = 0; step < 5; step++) {
    await desk.keyboard.press('ArrowDown');
  }
  await desk.keyboard.press('Enter');
  const extent = await sees(phone, VERMILION);
  t.ok(Math.abs(extent.bottom - 0.6) < 0.02, `the tip is where the cross was led: ${extent.bottom}`);

  await relay.kill();
  relay = await startRelay({ dataDir: relay.dataDir, port: relay.port, env: SEVERAL });
  await desk.reload();
  await phone.reload();
  await sees(desk, VERMILION);
  await sees(phone, VERMILION);
  t.pass('both have it again');
  await technician.goAway();
  await customer.goAway();
});

t.end();
