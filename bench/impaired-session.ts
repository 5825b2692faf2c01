/**
 * One running session of two real pages, each in a browser of its own behind a link of its own, with a voice at each
 * microphone. Two browsers, because in one the echo canceller takes either voice for the echo of the other.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../test/support/chromium.ts';
import type { LinkSettings } from '../test/support/impairment.ts';
import { ImpairedLink } from '../test/support/impairment-proxy.ts';
import { Customer, Technician } from '../test/support/people.ts';
import { type RelayProcess, startRelay } from '../test/support/relay-process.ts';
import { readStats, StatsTotals } from './page-stats.ts';
import { round } from './percentiles.ts';
import { SAMPLE_RATE_HZ, speechLike, wav } from './voice.ts';

/** What is lost of the counters when the product replaces a connection. */
const SAMPLE_INTERVAL_MS = 500;

/** Chromium plays it over and over. */
const VOICE_S = 20;
const VOICES = { phone: { seed: 11, pitchHz: 120 }, office: { seed: 12, pitchHz: 190 } };

/** One end of the session. */
export type End = { page: Page; link: ImpairedLink; totals: StatsTotals };

export type ImpairedSession = {
  relay: RelayProcess;
  phone: End;
  office: End;
  technician: Technician;
  customer: Customer;
  /** Reads the statistics of both pages at the same time into their totals. */
  sample(): Promise<void>;
  close(): Promise<void>;
};

export type ImpairedSessionOptions = {
  /** Of the links while the session is made; change them afterwards through `link.up` and `link.down`. */
  phone?: LinkSettings;
  office?: LinkSettings;
  seed: number;
  /** A file for the phone's camera; without it Chromium's test picture. */
  camera?: string;
  relayEnv?: Record<string, string>;
};

/** Opens everything and presses Start; returns when the customer's picture is on the technician's screen. */
export async function openImpairedSession(options: ImpairedSessionOptions): Promise<ImpairedSession> {
  const scratch = mkdtempSync(join(tmpdir(), 'fernblick-bench-'));
  const closers: (() => Promise<unknown>)[] = [async () => rmSync(scratch, { recursive: true, force: true })];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) {
      await closer();
    }
  };
  try {
    const relay = await startRelay(options.relayEnv ? { env: options.relayEnv } : {});
    closers.push(() => relay.stop());
    const openEnd = async (side: keyof typeof VOICES, seed: number) => {
      const file = join(scratch, `${side}.wav`);
      const { seed: voiceSeed, pitchHz } = VOICES[side];
      writeFileSync(file, wav(speechLike(VOICE_S, voiceSeed, pitchHz), SAMPLE_RATE_HZ));
      const args = [`--use-file-for-fake-audio-capture=${file}`];
      if (side === 'phone' && options.camera !== undefined) {
        args.push(`--use-file-for-fake-video-capture=${options.camera}`);
      }
      const browser = await launchChromium(args);
      closers.push(() => browser.close());
      const link = await ImpairedLink.open({ ...options[side], relayPort: relay.port, seed });
      closers.push(() => link.close());
      return { browser, link };
    };
    const phone = await openEnd('phone', options.seed);
    const office = await openEnd('office', options.seed + 1);
    const people = await startSession(phone, office);
    const ends = {
      phone: { page: people.customer.page, link: phone.link, totals: new StatsTotals() },
      office: { page: people.technician.page, link: office.link, totals: new StatsTotals() },
    };
    const sample = async () => {
      const [sent, seen] = await Promise.all([readStats(ends.phone.page), readStats(ends.office.page)]);
      ends.phone.totals.add(sent);
      ends.office.totals.add(seen);
    };
    // A connection that is replaced takes its last counters with it.
    const sampling = setInterval(() => void sample().catch(() => undefined), SAMPLE_INTERVAL_MS);
    closers.push(async () => clearInterval(sampling));
    return { relay, ...ends, ...people, sample, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Seat = { browser: Browser; link: ImpairedLink };

async function startSession(
  phone: Seat,
  office: Seat,
): Promise<{ technician: Technician; customer: Customer }> {
  const technician = await Technician.signIn(office.browser, office.link.origin, 'en', { link: office.link });
  const pin = await technician.createPin();
  const customer = await Customer.open(phone.browser, phone.link.origin, 'en', { link: phone.link });
  await customer.typePin(pin);
  await customer.join();
  await Promise.all([customer.mediaConnected(), technician.mediaConnected()]);
  await technician.start();
  await technician.pictureArrives();
  return { technician, customer };
}

/** How far this machine spoilt the run: packets that a link delivered more than 5 ms late. */
export function lateness({ phone, office }: ImpairedSession): Record<string, number> {
  const ends = [phone.link.lateness, office.link.lateness];
  const events = ends.reduce((sum, end) => sum + end.events, 0);
  const late = ends.reduce((sum, end) => sum + end.late, 0);
  return {
    links_late_share: round(late / Math.max(1, events), 4),
    links_late_max_ms: round(Math.max(...ends.map(({ maxMs }) => maxMs)), 0),
  };
}
