/**
 * A whole session without a mouse and without a finger, at both ends. Real: relay, media worker, pages, Chromium, its focus. Faked:
 * camera and microphone.
 */
import type { Browser, Locator, Page } from 'playwright-core';
import t from 'tap';
import { launchChromium, SLOW_CAMERA } from '../support/chromium.ts';
import { seesMovement, until } from '../support/media-probe.ts';
import { Customer, WORDS as NAMES, Technician } from '../support/people.ts';
import { ADMIN, type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    ...{
      pen: 'Pen',
      area: 'Drawing area',
      details: 'Details',
      chat: 'Chat',
      message: 'Message',
      send: 'Send',
    },
    ...{ unread: 'Chat, 1 unread', hold: 'Hold', resume: 'Resume', held: 'has put the session on hold' },
    ...{ resolved: 'Resolved', notes: 'Notes', answer: 'Send answer', thanks: 'Thank you for your answer.' },
    ...{ stars: '1 of 5 stars' },
  },
  de: {
    ...{
      pen: 'Stift',
      area: 'Zeichenfläche',
      details: 'Angaben',
      chat: 'Chat',
      message: 'Nachricht',
      send: 'Senden',
    },
    ...{ unread: 'Chat, 1 ungelesen', hold: 'Anhalten', resume: 'Fortsetzen' },
    ...{ held: 'hat die Sitzung angehalten', resolved: 'Gelöst', notes: 'Notizen', answer: 'Antwort senden' },
    ...{ thanks: 'Vielen Dank für Ihre Antwort.', stars: '1 von 5 Sternen' },
  },
} as const;

/** More controls than any page of ours has in a row. */
const TABS_MAX = 60;

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

/** Tab by Tab, as far as it takes. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let i = 0; i < TABS_MAX; i++) {
    if (await target.evaluate((element) => element.matches(':focus'))) {
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`no Tab leads to ${target}`);
}

async function press(page: Page, role: 'button' | 'radio' | 'tab', name: string): Promise<void> {
  await tabTo(page, page.getByRole(role, { name, exact: true }).first());
  await page.keyboard.press(role === 'radio' ? 'Space' : 'Enter');
}

async function write(page: Page, label: string, text: string): Promise<void> {
  await tabTo(page, page.getByLabel(label, { exact: true }).first());
  await page.keyboard.type(text);
}

function isDrawnOn(page: Page): Promise<boolean> {
  return page.locator('canvas.finished').evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const { data } = (element as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? {
      data: [],
    };
    return [...data].some((value, index) => index % 4 === 3 && value > 0);
  });
}

for (const tongue of ['en', 'de'] as const) {
  t.test(`a session from sign-in to thanks with the keyboard alone (${tongue})`, async (t) => {
    const words = WORDS[tongue];
    const names = NAMES[tongue];
    const { page: desk } = await Technician.openPage(browser, tongue, {});
    await desk.goto(`${relay.origin}/console`);
    await write(desk, names.email, ADMIN.email);
    await write(desk, names.password, ADMIN.password);
    await desk.keyboard.press('Enter');
    await press(desk, 'button', names.newSession);
    await write(desk, names.name, 'Ada Lovelace');
    await press(desk, 'button', names.createPin);
    const digits = desk
      .getByRole('dialog')
      .getByText(/^\s*\d{3}\s?\d{3}\s*$/)
      .first();
    await digits.waitFor();
    const pin = (await digits.innerText()).replaceAll(/\D/g, '');

    const { page: phone } = await Customer.open(browser, relay.origin, tongue);
    await press(phone, 'button', names.skip);
    await write(phone, names.pin, pin);
    await phone.keyboard.press('Enter');
    for (const name of [names.allowCamera, names.proceed, names.accept]) {
      await press(phone, 'button', name);
    }
    await phone.getByRole('heading', { name: names.pleaseWait }).waitFor();
    await tabTo(desk, desk.getByRole('dialog').getByRole('button', { name: names.start, exact: true }));
    await desk.keyboard.press('Enter');
    await seesMovement(desk, names.customerCamera);

    await press(desk, 'button', words.pen);
    await tabTo(desk, desk.getByRole('application', { name: words.area }));
    for (const key of ['ArrowRight', 'Enter', 'ArrowRight', 'ArrowDown', 'ArrowRight', 'Enter']) {
      await desk.keyboard.press(key);
    }
    await until('the line on the phone', () => isDrawnOn(phone));
    t.pass('drawn with arrow keys, seen on the phone');

    await tabTo(desk, desk.getByRole('tab', { name: words.details, exact: true }));
    await desk.keyboard.press('ArrowRight');
    await write(desk, words.message, 'Is it this one?');
    await desk.keyboard.press('Enter');
    await press(phone, 'button', words.unread);
    // In the sheet; above it the bubble that told of it may still be there.
    await phone.getByText('Is it this one?').first().waitFor();
    await write(phone, words.message, 'Yes.');
    await press(phone, 'button', words.send);
    await phone.keyboard.press('Escape');
    await desk.getByRole('log', { name: words.chat }).getByText('Yes.').waitFor();

    await press(desk, 'button', words.hold);
    await phone.getByText(words.held).waitFor();
    await press(desk, 'button', words.resume);
    await seesMovement(desk, names.customerCamera);

    await press(desk, 'button', names.end);
    await desk.getByRole('dialog').waitFor();
    await tabTo(desk, desk.getByRole('radio', { name: words.resolved, exact: true }));
    await desk.keyboard.press('Space');
    await write(desk, words.notes, 'Filter cleaned.');
    await tabTo(desk, desk.getByRole('dialog').getByRole('button', { name: names.end, exact: true }));
    await desk.keyboard.press('Enter');
    await desk.getByText('Filter cleaned.').waitFor();
    await phone.getByRole('heading', { name: names.sessionOver }).waitFor();
    await tabTo(phone, phone.getByRole('radio', { name: words.stars, exact: true }));
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight']) {
      await phone.keyboard.press(key);
    }
    await press(phone, 'button', words.answer);
    await phone.getByText(words.thanks).waitFor();
    await desk.context().close();
    await phone.context().close();
  });
}

t.end();
