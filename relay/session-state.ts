/**
 * The one state machine of a support session. Pure: time comes in, a new value goes out, nothing is kept.
 * Allowed transitions follow `shared/facts/features.md` 1.4 and `shared/product.md` "Session states".
 */
import type { SessionState } from './protocol.ts';

/** A party whose connection can be lost. A technician is a party only while the session is active. */
export type Party = 'customer' | 'technician';

/** States that an interrupted or transferred session goes back to. */
export type SettledState = 'waiting' | 'active' | 'onHold';

export type SessionMachine = {
  readonly state: SessionState;
  /** Epoch milliseconds at which `state` was entered. */
  readonly since: number;
  /** Where reconnecting, offline and transferring lead back to; null in every other state. */
  readonly before: SettledState | null;
  readonly missing: { readonly customer: boolean; readonly technician: boolean };
};

export type SessionInput =
  /** The customer accepted the terms; with auto-start the session is active at once. */
  | { type: 'customerAccepted'; autoStart: boolean }
  | { type: 'customerDeclined' }
  | { type: 'customerLeft' }
  | { type: 'invitationExpired' }
  | { type: 'start' }
  | { type: 'hold' }
  | { type: 'resume' }
  | { type: 'transferOffered' }
  | { type: 'transferAccepted' }
  /** Cancelled by the sender, refused or not taken by the receiver. */
  | { type: 'transferWithdrawn' }
  | { type: 'lost'; party: Party }
  | { type: 'back'; party: Party }
  /** Nobody came back within the time for reconnecting. */
  | { type: 'missingTooLong' }
  | { type: 'waitedTooLong' }
  | { type: 'idleTooLong' }
  | { type: 'end' }
  /** The relay could not carry the session on. */
  | { type: 'relayFailed' };

export const SESSION_STATES = [
  'connecting',
  'waiting',
  'active',
  'onHold',
  'transferring',
  'reconnecting',
  'offline',
  'timedOut',
  'aborted',
  'closedByCustomer',
  'closedByWaitingCustomer',
  'closedByTechnician',
  'declined',
  'expired',
] as const satisfies readonly SessionState[];

const NOBODY_MISSING = { customer: false, technician: false };

/** States in which a session is over. Some of them a technician still closes by hand (see `end`). */
export function isEnded(state: SessionState): boolean {
  switch (state) {
    case 'timedOut':
    case 'aborted':
    case 'closedByCustomer':
    case 'closedByWaitingCustomer':
    case 'closedByTechnician':
    case 'declined':
    case 'expired':
      return true;
    default:
      return false;
  }
}

/** A session that is on its way: someone may be waiting for it. */
export function isInterrupted(state: SessionState): boolean {
  return state === 'reconnecting' || state === 'offline';
}

export function createMachine(now: number): SessionMachine {
  return { state: 'connecting', since: now, before: null, missing: NOBODY_MISSING };
}

function enter(state: SessionState, now: number): SessionMachine {
  return { state, since: now, before: null, missing: NOBODY_MISSING };
}

/** The state that counts for what may be done: an interrupted or transferred session is still what it was. */
export function settledState(machine: SessionMachine): SessionState {
  return machine.before ?? machine.state;
}

/**
 * @param now epoch milliseconds
 * @returns the machine after `input`, or undefined when `input` is not allowed in this state.
 *          An input that is allowed but changes nothing returns the same machine.
 */
export function transition(
  machine: SessionMachine,
  input: SessionInput,
  now: number,
): SessionMachine | undefined {
  const { state } = machine;
  switch (input.type) {
    case 'customerAccepted':
      return state === 'connecting' ? enter(input.autoStart ? 'active' : 'waiting', now) : undefined;
    case 'customerDeclined':
      return state === 'connecting' ? enter('declined', now) : undefined;
    case 'invitationExpired':
      return state === 'connecting' ? enter('expired', now) : undefined;
    case 'customerLeft':
      if (state === 'connecting' || isEnded(state)) {
        return undefined;
      }
      return enter(settledState(machine) === 'waiting' ? 'closedByWaitingCustomer' : 'closedByCustomer', now);
    case 'start':
      return state === 'waiting' ? enter('active', now) : undefined;
    case 'hold':
      return state === 'active' ? enter('onHold', now) : undefined;
    case 'resume':
      return state === 'onHold' ? enter('active', now) : undefined;
    case 'transferOffered':
      return state === 'waiting' || state === 'active' || state === 'onHold'
        ? { state: 'transferring', since: now, before: state, missing: NOBODY_MISSING }
        : undefined;
    case 'transferAccepted':
      return state === 'transferring' ? enter('active', now) : undefined;
    case 'transferWithdrawn':
      return state === 'transferring' ? withdrawn(machine, now) : undefined;
    case 'lost':
      return lost(machine, input.party, now);
    case 'back':
      return back(machine, input.party, now);
    case 'missingTooLong':
      return state === 'reconnecting' ? { ...machine, state: 'offline', since: now } : undefined;
    case 'waitedTooLong':
      return state === 'waiting' ? enter('timedOut', now) : undefined;
    case 'idleTooLong':
      return state === 'active' ? enter('timedOut', now) : undefined;
    case 'end':
      // Closed, timed out and aborted sessions stay in the list until the technician closes them (features.md 1.4).
      return !isEnded(state) || state === 'closedByCustomer' || state === 'timedOut' || state === 'aborted'
        ? enter('closedByTechnician', now)
        : undefined;
    case 'relayFailed':
      return isEnded(state) || state === 'connecting' ? undefined : enter('aborted', now);
  }
}

function backTo(before: SettledState | null, now: number): SessionMachine {
  return enter(before ?? 'waiting', now);
}

/** The session is the sender's again, who may have been lost meanwhile. */
function withdrawn(machine: SessionMachine, now: number): SessionMachine {
  return machine.missing.technician
    ? { ...machine, state: 'reconnecting', since: now }
    : backTo(machine.before, now);
}

/** A technician matters only in an active session: a waiting or held one goes on without anybody watching. */
function lost(machine: SessionMachine, party: Party, now: number): SessionMachine | undefined {
  const { state } = machine;
  if (isEnded(state) || state === 'connecting') {
    return undefined;
  }
  if (isInterrupted(state)) {
    const counts = party === 'customer' || machine.before === 'active';
    return counts && !machine.missing[party]
      ? { ...machine, missing: { ...machine.missing, [party]: true } }
      : machine;
  }
  if (party === 'technician' && settledState(machine) !== 'active') {
    return machine;
  }
  if (party === 'technician' && state === 'transferring') {
    // Somebody else may take it over as if nothing had happened.
    return machine.missing.technician
      ? machine
      : { ...machine, missing: { ...NOBODY_MISSING, technician: true } };
  }
  const before = state === 'transferring' ? machine.before : (state as SettledState);
  return { state: 'reconnecting', since: now, before, missing: { ...machine.missing, [party]: true } };
}

function back(machine: SessionMachine, party: Party, now: number): SessionMachine | undefined {
  if (isEnded(machine.state)) {
    return undefined;
  }
  if (!machine.missing[party]) {
    return machine;
  }
  const missing = { ...machine.missing, [party]: false };
  if (missing.customer || missing.technician || machine.state === 'transferring') {
    return { ...machine, missing };
  }
  return backTo(machine.before, now);
}
