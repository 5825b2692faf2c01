/** Stops of the tour beyond the first session: administration, channels, appointments, the work within a session, the archive. */
import type { Channel } from '../../relay/protocol.ts';
import { PHONE } from './chromium.ts';
import { Customer, Technician } from './people.ts';
import { callApi, NO_FIELDS, SignallingClient } from './signalling-client.ts';
import type { Stops } from './tour.ts';
import { tourGuests } from './tour-guests.ts';
import { tourPhone } from './tour-phone.ts';

const WORDS = {
  en: {
    ...{ startVideo: 'Start video support', closed: 'Nobody is here', early: 'Your appointment' },
    ...{ ask: 'Ask: Photos', asked: 'Allow photos?', allow: 'Allow', permissions: 'Permissions' },
    ...{ chat: 'Chat', message: 'Message', unread: 'Chat, 1 unread', close: 'Close' },
    ...{ area: 'Drawing area', numbered: 'Numbered arrow', freeze: 'Freeze' },
    ...{ frozen: 'Frozen picture', unfreeze: 'Unfreeze', draw: 'Draw', done: 'Done', transfer: 'Transfer' },
    ...{
      hold: 'Hold',
      resume: 'Resume',
      held: 'has put the session on hold',
      schedule: 'Schedule for later',
    },
    ...{ past: 'Past sessions', page: 'Session page', download: 'Download case file', cancel: 'Cancel' },
    film: 'Download WebM',
  },
  de: {
    ...{ startVideo: 'Video-Hilfe starten', closed: 'Niemand ist da', early: 'Ihr Termin' },
    ...{ ask: 'Fragen: Fotos', asked: 'Fotos erlauben?', allow: 'Erlauben', permissions: 'Freigaben' },
    ...{ chat: 'Chat', message: 'Nachricht', unread: 'Chat, 1 ungelesen', close: 'Schließen' },
    ...{
      whiteboard: 'Whiteboard',
      area: 'Zeichenfläche',
      numbered: 'Nummerierter Pfeil',
      freeze: 'Einfrieren',
    },
    ...{ frozen: 'Standbild', unfreeze: 'Einfrieren aufheben', draw: 'Zeichnen', done: 'Fertig' },
    ...{ transfer: 'Übergeben', hold: 'Anhalten', resume: 'Fortsetzen', held: 'hat die Sitzung angehalten' },
    ...{ schedule: 'Für später planen', past: 'Vergangene Sitzungen', page: 'Seite der Sitzung' },
    ...{ download: 'Fallakte herunterladen', cancel: 'Abbrechen' },
    film: 'WebM herunterladen',
  },
} as const;

const CHANNEL: Channel = {
  ...{ name: 'boilers', groupId: 'support', enabled: true },
  ...{ titleEn: 'Boiler help', titleDe: 'Hilfe zur Heizung' },
  ...{ textEn: 'Show us your boiler.', textDe: 'Zeigen Sie uns Ihre Anlage.' },
  ...{ hoursEn: 'Monday to Friday, 8 am to 5 pm', hoursDe: 'Montag bis Freitag, 8–17 Uhr' },
  ...{
    whenAbsent: 'page',
    absentEn: 'We are back tomorrow at 8.',
    absentDe: 'Wir sind morgen ab 8 Uhr wieder da.',
  },
};

/** @param cookie of the administrator */
export async function tourWork(stops: Stops, cookie: string): Promise<void> {
  await tourAdministration(stops, cookie);
  await tourAppointment(stops, cookie);
  await tourChannel(stops);
  await tourWorkOnPicture(stops);
  await tourArchive(stops);
}

async function tourAdministration({ browser, tongue, dark = false, origin, visit }: Stops, cookie: string) {
  const { json } = await callApi(origin, 'GET /api/admin/settings/:name', undefined, {
    cookie,
    name: 'groups',
  });
  const groupId = 'groups' in json.settings ? (json.settings.groups[0]?.id ?? '') : '';
  const settings = { channels: [{ ...CHANNEL, groupId }] };
  await callApi(origin, 'PUT /api/admin/settings/:name', { settings }, { cookie, name: 'channels' });
  const { page } = await Technician.signIn(browser, origin, tongue, { dark });
  await page.goto(`${origin}/console/admin`);
  const links = page.locator('a[href^="/console/admin/"]');
  await links.first().waitFor();
  for (const path of await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''))) {
    await page.goto(origin + path);
    await page.getByRole('heading').first().waitFor();
    await page.waitForLoadState('networkidle');
    await visit(path.slice(1).replaceAll('/', '-'), page);
  }
  await page.goto(`${origin}/console/poster/${CHANNEL.name}`);
  await page.getByRole('img').first().waitFor();
  await visit('console-poster', page);
  await page.context().close();
}

async function tourAppointment(
  { browser, tongue, dark = false, phone = PHONE, origin, visit }: Stops,
  cookie: string,
) {
  const words = WORDS[tongue];
  const technician = await Technician.signIn(browser, origin, tongue, { dark });
  await technician.openDialog('Frau Keller');
  await technician.page.getByRole('dialog').getByRole('checkbox', { name: words.schedule }).check();
  await visit('console-new-appointment', technician.page);
  await technician.goAway();
  const client = await SignallingClient.technician(origin, cookie);
  const from = Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 86_400_000;
  const { session } = await client.request('createSession', {
    ...{ fields: NO_FIELDS, method: 'link', appointment: { from, until: from + 3_600_000 } },
  });
  client.close();
  const customer = await Customer.open(browser, session.invitation?.link ?? '', tongue, {
    dark,
    viewport: phone,
  });
  await customer.page.getByRole('heading', { name: words.early }).waitFor();
  await visit('capture-early', customer.page);
  await customer.goAway();
}

async function tourChannel({ browser, tongue, dark = false, phone = PHONE, origin, visit }: Stops) {
  const words = WORDS[tongue];
  const look = { dark, viewport: phone };
  const closed = await Customer.open(browser, `${origin}/c/${CHANNEL.name}`, tongue, look);
  await closed.page.getByRole('heading').first().waitFor();
  await visit('capture-channel-closed', closed.page);
  await closed.goAway();
  const technician = await Technician.signIn(browser, origin, tongue, { dark });
  const customer = await Customer.open(browser, `${origin}/c/${CHANNEL.name}`, tongue, look);
  await customer.page.getByRole('button', { name: words.startVideo }).waitFor();
  await visit('capture-channel', customer.page);
  await customer.press(words.startVideo);
  await customer.join();
  await visit('capture-queue', customer.page);
  await visit('console-queue', technician.page);
  await customer.goAway();
  await technician.goAway();
}

async function tourWorkOnPicture(stops: Stops) {
  const { browser, tongue, dark = false, phone = PHONE, origin, visit } = stops;
  const words = WORDS[tongue];
  const technician = await Technician.signIn(browser, origin, tongue, { dark });
  const desk = technician.page;
  const pin = await technician.createPin('Ada Lovelace');
  const customer = await Customer.open(browser, origin, tongue, { dark, viewport: phone });
  await customer.typePin(pin);
  await customer.join();
  await technician.start();
  await technician.pictureArrives();

  await technician.press(words.ask);
  await customer.page.getByRole('dialog', { name: words.asked }).waitFor();
  await visit('capture-consent', customer.page);
  await customer.press(words.allow);
  await customer.press(words.permissions);
  await visit('capture-permissions', customer.page);
  await customer.page.keyboard.press('Escape');

  await desk.getByRole('tab', { name: words.chat }).click();
  await desk.getByLabel(words.message, { exact: true }).fill('Is the lamp on? https://example.org/manual');
  await desk.keyboard.press('Enter');
  await customer.press(words.unread);
  await customer.page.getByRole('dialog', { name: words.chat }).waitFor();
  await visit('capture-chat', customer.page);
  await customer.page.getByRole('dialog').getByRole('button', { name: words.close, exact: true }).click();
  await visit('console-chat', desk);

  await tourPhone(technician, customer, tongue, visit);
  await tourGuests(technician, customer, tongue, stops);
  await technician.press(words.numbered);
  const area = await desk.getByRole('application', { name: words.area }).boundingBox();
  const at = (x: number, y: number) =>
    [(area?.x ?? 0) + x * (area?.width ?? 0), (area?.y ?? 0) + y * (area?.height ?? 0)] as const;
  await desk.mouse.move(...at(0.35, 0.7));
  await desk.mouse.down();
  await desk.mouse.move(...at(0.5, 0.5), { steps: 4 });
  await desk.mouse.up();
  await visit('console-whiteboard', desk);
  await technician.press(words.freeze);
  await customer.page.getByRole('img', { name: words.frozen }).waitFor();
  await desk.getByRole('img', { name: words.frozen }).waitFor();
  await visit('console-frozen', desk);
  await customer.press(words.draw);
  await visit('capture-drawing', customer.page);
  await customer.press(words.done);
  await technician.press(words.unfreeze);
  await desk.getByRole('img', { name: words.frozen }).waitFor({ state: 'detached' });

  await desk.getByRole('button', { name: words.transfer, exact: true }).first().click();
  await desk.getByRole('dialog').waitFor();
  await visit('console-transfer', desk);
  await desk.keyboard.press('Escape');
  await desk.getByRole('button', { name: words.hold, exact: true }).click();
  await customer.sees(words.held);
  await visit('capture-held', customer.page);
  await visit('console-held', desk);
  await desk.getByRole('button', { name: words.resume, exact: true }).click();
  await technician.pictureArrives();
  await desk.getByRole('button', { name: technician.words.end, exact: true }).click();
  await desk.getByRole('dialog').waitFor();
  await visit('console-end', desk);
  await desk.getByRole('dialog').getByRole('button', { name: technician.words.end, exact: true }).click();
  await customer.page.getByRole('heading', { name: customer.words.sessionOver }).waitFor();
  await visit('capture-survey', customer.page);
  await customer.goAway();
  await technician.goAway();
}

async function tourArchive({ browser, tongue, dark = false, origin, visit }: Stops) {
  const words = WORDS[tongue];
  const technician = await Technician.signIn(browser, origin, tongue, { dark });
  const { page } = technician;
  await page.getByRole('link', { name: words.past }).click();
  await page.getByRole('link', { name: 'Ada Lovelace' }).first().waitFor();
  await visit('console-archive', page);
  await page.getByRole('link', { name: 'Ada Lovelace' }).first().click();
  await page.getByRole('button', { name: words.download }).waitFor();
  // The film of the recording is made by then.
  await page
    .getByRole('button', { name: words.film })
    .or(page.getByRole('link', { name: words.film }))
    .waitFor();
  await visit('console-session-page', page);
  await technician.goAway();
}
