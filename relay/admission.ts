/**
 * How a customer's page gets to a session: by PIN or by link. Whoever guesses PINs gets the same answer in the same
 * time whatever is wrong, and soon no other (reliability.md 3.2, P4 and P5).
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { addressKey } from './address-key.ts';
import type { LiveSession } from './live-session.ts';
import { type Failure, fail } from './outcome.ts';
import type { InvitationMethod } from './protocol.ts';
import type { Sessions } from './sessions.ts';
import type { Directory, Invitation, Limit, Limiter } from './store.ts';

const MINUTE_MS = 60_000;
/** Failures per address; a person mistypes a few times, a guesser needs a million. */
const FAILURE_LIMITS: readonly Limit[] = [
  { name: 'pin-minute', points: 5, windowMs: MINUTE_MS },
  { name: 'pin-quarter', points: 10, windowMs: 15 * MINUTE_MS },
  { name: 'pin-day', points: 30, windowMs: 24 * 60 * MINUTE_MS },
];
/** Longer than any look-up takes, so that the time of a refusal tells nothing; the jitter hides the rest. */
const REFUSAL_MS = 300;
const REFUSAL_JITTER_MS = 50;

const PIN_PATTERN = /^\d{6,9}$/;
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export type Admission = {
  byPin(typed: string, address: string): Promise<LiveSession | Failure>;
  byLink(token: string): Promise<LiveSession | Failure>;
};

export function createAdmission(parts: {
  directory: Directory;
  limiter: Limiter;
  sessions: Sessions;
  now: () => number;
  /** Waits that many milliseconds; for real unless a test has no time for it. */
  wait?: (ms: number) => Promise<unknown>;
}): Admission {
  const { directory, limiter, sessions, now, wait = delay } = parts;

  async function lookUp(typed: string, key: string): Promise<LiveSession | undefined> {
    // Counted before it is known to be wrong: guesses sent side by side must not all pass the same check.
    const counted = await Promise.all(FAILURE_LIMITS.map((limit) => limiter.consume(limit, key)));
    const refund = () =>
      Promise.all(FAILURE_LIMITS.filter((_, i) => counted[i]).map((limit) => limiter.refund(limit, key)));
    if (counted.includes(false)) {
      await refund();
      return undefined;
    }
    const pin = typed.replaceAll(/[\s-]/g, '');
    const invitation = PIN_PATTERN.test(pin) ? await directory.findPin(pin, now()) : undefined;
    const session = invitation && sessions.invited(invitation);
    if (session) {
      await refund();
    }
    return session;
  }

  return {
    async byPin(typed, address) {
      const refusal = wait(REFUSAL_MS + randomInt(REFUSAL_JITTER_MS));
      const session = await lookUp(typed, addressKey(address));
      if (session) {
        return session;
      }
      await refusal;
      return fail('pinUnknown');
    },

    /** The token has 256 bits, so whoever has it may be told plainly what became of it. */
    async byLink(token) {
      const invitation = TOKEN_PATTERN.test(token) ? await directory.findToken(token) : undefined;
      const session = invitation && sessions.invited(invitation);
      if (session && isOpen(invitation, now())) {
        return session;
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
