/**
 * Consents asked for, answered by the customer and taken back at any time. The ledger on disk is the authority;
 * what a session holds in memory follows it.
 */
import { CONSENT_QUESTIONS, QUESTIONS_VERSION } from './consents.ts';
import type { LiveSession } from './live-session.ts';
import type { ConsentKind, ErrorCode, Language } from './protocol.ts';
import { type Actor, CUSTOMER } from './session-context.ts';
import { settledState } from './session-state.ts';

/** Puts the question before the customer; one that is granted or open stays as it is. */
export async function askConsent(
  by: Actor,
  session: LiveSession,
  kind: ConsentKind,
): Promise<ErrorCode | undefined> {
  const state = session.consents.shown[kind];
  if (state === 'granted' || state === 'asked') {
    return undefined;
  }
  if (!isUnderWay(session)) {
    return 'wrongState';
  }
  const asked = await session.apply({
    by,
    events: [{ type: 'consentAsked', data: { kind } }],
    whileLive: true,
    done: () => session.consents.set(kind, 'asked'),
  });
  return asked ? undefined : 'wrongState';
}

/** The customer's answer, or their change of mind. It counts when it is on disk. */
export async function answerConsent(
  session: LiveSession,
  {
    kind,
    granted,
    language,
    hash,
  }: { kind: ConsentKind; granted: boolean; language: Language; hash: string },
  now: () => number,
): Promise<ErrorCode | undefined> {
  if (CONSENT_QUESTIONS[kind][language].hash !== hash) {
    return 'termsChanged';
  }
  const before = session.consents.shown[kind];
  if (before === undefined) {
    // Nobody has asked: a page cannot agree to what it was not shown.
    return 'wrongState';
  }
  const answer = granted ? 'granted' : before === 'granted' ? 'withdrawn' : 'refused';
  if (answer === before) {
    return undefined;
  }
  const { id, resumeHash } = session.record;
  const type = {
    granted: 'consentGranted',
    refused: 'consentRefused',
    withdrawn: 'consentWithdrawn',
  } as const;
  const done = await session.apply({
    by: CUSTOMER,
    events: [{ type: type[answer], data: { kind } }],
    whileLive: true,
    write: (tx) =>
      tx.insertConsent({
        sessionId: id,
        at: now(),
        kind,
        answer,
        version: QUESTIONS_VERSION,
        language,
        textHash: hash,
        tokenHash: resumeHash ?? '',
      }),
    done: () => session.consents.set(kind, answer),
  });
  if (kind === 'photos' && answer === 'withdrawn') {
    await session.photos.withdrawn();
  }
  return done ? undefined : 'wrongState';
}

/** Somebody can read a question. */
function isUnderWay({ record }: LiveSession): boolean {
  const state = settledState(record.machine);
  return state === 'waiting' || state === 'active' || state === 'onHold';
}
