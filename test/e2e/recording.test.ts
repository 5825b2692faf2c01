/**
 * A recording as people meet it: asked for, agreed to, seen on both screens, paused, taken back, refused; a group that records
 * everything. Real: relay, media worker, pages, Chromium, the journals on disk. Faked: camera and microphone.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import t from 'tap';
import type { JournalRecord } from '../../codec/journal.ts';
import type { SettingsDocuments } from '../../relay/protocol.ts';
import { launchChromium } from '../support/chromium.ts';
import { seesMovement } from '../support/media-probe.ts';
import { Customer, Technician, type Tongue } from '../support/people.ts';
import { readJournal } from '../support/recorder-scene.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';

const WORDS = {
  en: {
    record: 'Record',
    stop: 'Stop recording',
    pause: 'Pause recording',
    goOn: 'Continue recording',
    paused: 'Recording paused',
    question: 'Allow recording?',
    allow: 'Allow',
    deny: 'Do not allow',
    permissions: 'Permissions',
    takeBack: 'Take back: Recording',
    withdrawn: 'The customer has taken the consent back.',
    withdrew: 'You have taken your consent back. The recording has ended.',
    refused: 'The customer does not allow the recording.',
    logged: 'Recording stopped: consent taken back',
  },
  de: {
    record: 'Aufzeichnen',
    stop: 'Aufzeichnung beenden',
    pause: 'Aufzeichnung anhalten',
    goOn: 'Aufzeichnung fortsetzen',
    paused: 'Aufzeichnung angehalten',
    question: 'Aufzeichnung erlauben?',
    allow: 'Erlauben',
    deny: 'Nicht erlauben',
    permissions: 'Freigaben',
    takeBack: 'Zurücknehmen: Aufzeichnung',
    withdrawn: 'Der Kunde hat die Zustimmung zurückgenommen.',
    withdrew: 'Sie haben Ihre Zustimmung zurückgenommen. Die Aufzeichnung ist beendet.',
    refused: 'Der Kunde erlaubt die Aufzeichnung nicht.',
    logged: 'Aufzeichnung beendet: Zustimmung zurückgenommen',
  },
} as const;
const WAIT_MS = 15_000;

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

const folder = () => join(relay.dataDir, 'recordings');

/** What is on disk of a part, finished or not. */
function recorded(name: string): JournalRecord[] {
  const path = [join(folder(), name), join(folder(), `${name}.part`)].find((each) => existsSync(each));
  return path === undefined ? [] : readJournal(readFileSync(path)).records;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!isSo()) {
    if (Date.now() > deadline) {
      throw new Error(`Waited in vain until ${what}: ${readdirSync(folder()).join(', ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Packets by party and medium. */
function packets(records: readonly JournalRecord[]): Record<string, number> {
  const names = new Map<number, string>();
  const counts: Record<string, number> = {};
  for (const record of records) {
    if (record.kind === 'track') {
      names.set(record.track, `${record.party} ${record.medium}`);
    } else if (record.kind === 'rtp') {
      const name = names.get(record.track) ?? 'unknown';
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}

const sessionOf = (page: Page) => Number(new URL(page.url()).pathname.split('/').at(-1));
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const sign = (page: Page) => page.locator('recording-sign').getByText('REC', { exact: true });

async function call(tongue: Tongue) {
  const technician = await Technician.signIn(browser, relay.origin, tongue);
  const pin = await technician.createPin('Ada Lovelace');
  const customer = await Customer.open(browser, relay.origin, tongue);
  await customer.typePin(pin);
  await customer.join();
  await technician.start();
  await seesMovement(technician.page, technician.words.customerCamera);
  const question = customer.page.getByRole('dialog', { name: WORDS[tongue].question });
  return { technician, customer, question };
}

for (const tongue of ['en', 'de'] as const satisfies readonly Tongue[]) {
  t.test(
    `recorded with consent, seen by both, paused, and over when it is taken back (${tongue})`,
    async (t) => {
      const words = WORDS[tongue];
      const { technician, customer, question } = await call(tongue);
      const { page } = technician;
      const name = `${sessionOf(page)}-1.journal`;

      await button(page, words.record).click();
      await question.waitFor();
      t.same(existsSync(folder()) ? readdirSync(folder()).filter((each) => each.startsWith(name)) : [], []);
      await question.getByRole('button', { name: words.allow, exact: true }).click();
      await Promise.all([sign(page).waitFor(), sign(customer.page).waitFor()]);
      await until('both voices and the picture are in the journal', () => {
        const counts = packets(recorded(name));
        return ['customer audio', 'customer video', 'technician audio'].every(
          (each) => (counts[each] ?? 0) > 20,
        );
      });
      t.ok(recorded(name).some(({ kind }) => kind === 'senderReport'));

      await button(page, words.pause).click();
      await customer.page.getByText(words.paused, { exact: true }).waitFor();
      await page.locator('recording-sign').getByText(words.paused).waitFor();
      await button(page, words.goOn).click();
      await Promise.all([sign(page).waitFor(), sign(customer.page).waitFor()]);
      await until('it goes on', () => {
        const records = recorded(name);
        const at = records.findIndex((record) => record.kind === 'event' && record.event === 'resume');
        return at > 0 && records.slice(at).filter(({ kind }) => kind === 'rtp').length > 50;
      });

      await button(customer.page, words.permissions).click();
      await button(customer.page, words.takeBack).click();
      await Promise.all([technician.sees(words.withdrawn), customer.sees(words.withdrew)]);
      await sign(page).waitFor({ state: 'hidden' });
      await until('the journal has its name', () => existsSync(join(folder(), name)));
      const { reader, records } = readJournal(readFileSync(join(folder(), name)));
      t.equal(reader.problem, undefined);
      t.equal(reader.header()?.sessionNumber, sessionOf(page));
      t.match(records.at(-1), { kind: 'end', reason: 'withdrawn' });
      const [from, to] = ['pause', 'resume'].map((event) =>
        records.findIndex((record) => record.kind === 'event' && record.event === event),
      );
      t.equal(to, (from ?? 0) + 1, 'nothing between');

      await customer.page.getByRole('dialog', { name: words.permissions }).press('Escape');
      await button(page, words.record).click();
      await question.getByRole('button', { name: words.deny, exact: true }).click();
      await technician.sees(words.refused);
      t.notOk(existsSync(join(folder(), `${sessionOf(page)}-2.journal.part`)), 'a refusal blocks');
      await technician.sees(words.logged);
      await technician.end();
      await technician.goAway();
      await customer.goAway();
    },
  );
}

t.test(
  'a group that records everything: asked by itself, and not to be stopped by the technician',
  async (t) => {
    const words = WORDS.en;
    const technician = await Technician.signIn(browser, relay.origin, 'en');
    await technician.page.evaluate(async () => {
      const path = '/api/admin/settings/groups';
      const { settings } = (await (await fetch(path)).json()) as { settings: SettingsDocuments['groups'] };
      for (const group of settings.groups) {
        group.recording = { ...group.recording, mode: 'forced' };
      }
      await fetch(path, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ settings }),
      });
    });
    await technician.goAway();
    const { customer, question, ...rest } = await call('en');
    const { page } = rest.technician;
    await question.getByRole('button', { name: words.allow, exact: true }).click();
    await Promise.all([sign(page).waitFor(), sign(customer.page).waitFor()]);
    t.equal(await button(page, words.stop).count(), 0);
    t.equal(await button(page, words.pause).count(), 0);
    await rest.technician.end();
    const path = join(folder(), `${sessionOf(page)}-1.journal`);
    await until('the end of the session has ended it', () => existsSync(path));
    t.match(recorded(`${sessionOf(page)}-1.journal`).at(-1), { kind: 'end', reason: 'sessionEnded' });
    await rest.technician.goAway();
    await customer.goAway();
  },
);

t.end();
