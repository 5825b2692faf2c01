/**
 * How a customer's page gets to a session: by PIN or by link. Whoever guesses PINs gets the same answer in the same
 * time whatever is wrong, and soon no other (reliability.md 3.2, P4 and P5).
 */
import { randomInt } from 'node:crypto';
import type { Guessing, GuessingLevel } from './guessing.ts';
import type { LiveSession } from './live-session.ts';
import { type Failure, fail } from './outcome.ts';
import type { Appointment, InvitationMethod, PinAlarm } from './protocol.ts';
import type { Sessions } from './sessions.ts';
import type { Directory, Invitation } from './store.ts';

/** Longer than any look-up takes, so that the time of a refusal tells nothing; the jitter hides the rest. */
const REFUSAL_MS = 300;
const REFUSAL_JITTER_MS = 50;

const PIN_PATTERN = /^\d{6,9}$/;
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** In an attack thousands wait at a time; those that end together share a timer. */
const TIMER_STEP_MS = 5;
const WAITING = new Map<number, (() => void)[]>();

/** Not shorter, and up to a step longer. */
function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const now = performance.now();
    const end = Math.ceil((now + ms) / TIMER_STEP_MS);
    const others = WAITING.get(end);
    if (others) {
      others.push(resolve);
      return;
    }
    const waiting = [resolve];
    WAITING.set(end, waiting);
    setTimeout(
      () => {
        WAITING.delete(end);
        for (const done of waiting) {
          done();
        }
      },
      Math.ceil(end * TIMER_STEP_MS - now),
    );
  });
}

/** The link of an appointment whose time has not come. */
export type Early = { early: Appointment };

export type Admission = {
  byPin(typed: string, address: string): Promise<LiveSession | Failure>;
  byLink(token: string): Promise<LiveSession | Early | Failure>;
  /** Called every second: an alarm also ends by the passing of time. */
  tick(): void;
  readonly level: GuessingLevel;
  /** Since the start: let in; looked up in vain; not even looked up. */
  readonly attempts: Readonly<Record<'admitted' | 'unknown' | 'locked', number>>;
};

/** What a technician needs to know of a level. */
export function alarmOf(level: GuessingLevel): PinAlarm {
  return level === 'calm' ? 'none' : level === 'closed' ? 'closed' : 'guessing';
}

export function createAdmission(parts: {
  directory: Directory;
  guessing: Guessing;
  sessions: Sessions;
  now: () => number;
  onLevelChange: (level: GuessingLevel) => void;
  /** Waits that many milliseconds; for real unless a test has no time for it. */
  wait?: (ms: number) => Promise<unknown>;
}): Admission {
  const { directory, guessing, sessions, now, onLevelChange, wait = delay } = parts;
  const attempts = { admitted: 0, unknown: 0, locked: 0 };
  let level: GuessingLevel = 'calm';

  function tell(): void {
    const before = level;
    level = guessing.level(now());
    if (level !== before) {
      onLevelChange(level);
    }
  }

  async function lookUp(typed: string, address: string): Promise<LiveSession | undefined> {
    const attempt = guessing.begin(address, now());
    if (attempt === undefined) {
      attempts.locked += 1;
      return undefined;
    }
    const pin = typed.replaceAll(/[\s-]/g, '');
    const invitation = PIN_PATTERN.test(pin) ? await directory.findPin(pin, now()) : undefined;
    const session = invitation && sessions.invited(invitation);
    if (session) {
      attempt.takeBack();
    }
    attempts[session ? 'admitted' : 'unknown'] += 1;
    tell();
    return session;
  }

  return {
    get level() {
      return level;
    },
    attempts,

    tick: tell,

    async byPin(typed, address) {
      const refusal = wait(REFUSAL_MS + randomInt(REFUSAL_JITTER_MS));
      const session = await lookUp(typed, address);
      if (session) {
        return session;
      }
      await refusal;
      // Nobody's PIN is looked up any more, so this tells nothing about any.
      return fail(level === 'closed' ? 'pinClosed' : 'pinUnknown');
    },

    /** The token has 256 bits, so whoever has it may be told plainly what became of it. */
    async byLink(token) {
      const invitation = TOKEN_PATTERN.test(token) ? await directory.findToken(token) : undefined;
      const session = invitation && sessions.invited(invitation);
      if (session && isOpen(invitation, now())) {
        const { validFrom, expiresAt } = invitation;
        return now() < validFrom ? { early: { from: validFrom, until: expiresAt } } : session;
      }
      return fail(invitation ? refusalOf(invitation) : 'linkUnknown');
    },
  };
}

function isOpen(invitation: Invitation, now: number): boolean {
  return invitation.state === 'live' && now < invitation.expiresAt;
}

function refusalOf(invitation: Invitation): 'linkUsed' | 'linkExpired' {
  return invitation.state === 'used' ? 'linkUsed' : 'linkExpired';
}

/** What a page is told whose session was taken or closed between the claim and the answer to the terms. */
export function lateRefusal(by: InvitationMethod): 'pinUnknown' | 'linkUsed' {
  return by === 'pin' ? 'pinUnknown' : 'linkUsed';
}
