/** The session's states and what leads from one to another, written out by hand: what the state machine is measured against. */
import type { SessionInput } from '../../relay/session-state.ts';

/** Every input with every value of its fields, by the name that the table uses. */
export const INPUTS = {
  accepted: { type: 'customerAccepted', autoStart: false },
  acceptedAutoStart: { type: 'customerAccepted', autoStart: true },
  declined: { type: 'customerDeclined' },
  left: { type: 'customerLeft' },
  expired: { type: 'invitationExpired' },
  start: { type: 'start' },
  hold: { type: 'hold' },
  resume: { type: 'resume' },
  offered: { type: 'transferOffered' },
  taken: { type: 'transferAccepted' },
  withdrawn: { type: 'transferWithdrawn' },
  lostCustomer: { type: 'lost', party: 'customer' },
  lostTechnician: { type: 'lost', party: 'technician' },
  backCustomer: { type: 'back', party: 'customer' },
  backTechnician: { type: 'back', party: 'technician' },
  missingTooLong: { type: 'missingTooLong' },
  waitedTooLong: { type: 'waitedTooLong' },
  idleTooLong: { type: 'idleTooLong' },
  end: { type: 'end' },
  relayFailed: { type: 'relayFailed' },
} as const satisfies Record<string, SessionInput>;

export type InputName = keyof typeof INPUTS;
export const INPUT_NAMES = Object.keys(INPUTS) as InputName[];

/**
 * A machine in short: the state, and in brackets where it leads back to and who is missing:
 * `reconnecting(active -c)` has lost the customer, `-t` the technician, `-ct` both.
 */
export type Short = string;

/** What each input leads to; `same` is allowed and changes nothing, and what is not in a row is refused. */
export const TABLE: Record<Short, Partial<Record<InputName, Short>>> = {
  connecting: {
    accepted: 'waiting',
    acceptedAutoStart: 'active',
    declined: 'declined',
    expired: 'expired',
    backCustomer: 'same',
    backTechnician: 'same',
    end: 'closedByTechnician',
  },
  waiting: {
    left: 'closedByWaitingCustomer',
    start: 'active',
    offered: 'transferring(waiting)',
    lostCustomer: 'reconnecting(waiting -c)',
    lostTechnician: 'same',
    backCustomer: 'same',
    backTechnician: 'same',
    waitedTooLong: 'timedOut',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  active: {
    left: 'closedByCustomer',
    hold: 'onHold',
    offered: 'transferring(active)',
    lostCustomer: 'reconnecting(active -c)',
    lostTechnician: 'reconnecting(active -t)',
    backCustomer: 'same',
    backTechnician: 'same',
    idleTooLong: 'timedOut',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  onHold: {
    left: 'closedByCustomer',
    resume: 'active',
    offered: 'transferring(onHold)',
    lostCustomer: 'reconnecting(onHold -c)',
    lostTechnician: 'same',
    backCustomer: 'same',
    backTechnician: 'same',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'transferring(waiting)': {
    left: 'closedByWaitingCustomer',
    taken: 'active',
    withdrawn: 'waiting',
    lostCustomer: 'reconnecting(waiting -c)',
    lostTechnician: 'same',
    backCustomer: 'same',
    backTechnician: 'same',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'transferring(active)': {
    left: 'closedByCustomer',
    taken: 'active',
    withdrawn: 'active',
    lostCustomer: 'reconnecting(active -c)',
    lostTechnician: 'transferring(active -t)',
    backCustomer: 'same',
    backTechnician: 'same',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'transferring(active -t)': {
    left: 'closedByCustomer',
    taken: 'active',
    withdrawn: 'reconnecting(active -t)',
    lostCustomer: 'reconnecting(active -ct)',
    lostTechnician: 'same',
    backCustomer: 'same',
    backTechnician: 'transferring(active)',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'transferring(onHold)': {
    left: 'closedByCustomer',
    taken: 'active',
    withdrawn: 'onHold',
    lostCustomer: 'reconnecting(onHold -c)',
    lostTechnician: 'same',
    backCustomer: 'same',
    backTechnician: 'same',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'reconnecting(waiting -c)': {
    left: 'closedByWaitingCustomer',
    lostCustomer: 'same',
    lostTechnician: 'same',
    backCustomer: 'waiting',
    backTechnician: 'same',
    missingTooLong: 'offline(waiting -c)',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'reconnecting(onHold -c)': {
    left: 'closedByCustomer',
    lostCustomer: 'same',
    lostTechnician: 'same',
    backCustomer: 'onHold',
    backTechnician: 'same',
    missingTooLong: 'offline(onHold -c)',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'reconnecting(active -c)': {
    left: 'closedByCustomer',
    lostCustomer: 'same',
    lostTechnician: 'reconnecting(active -ct)',
    backCustomer: 'active',
    backTechnician: 'same',
    missingTooLong: 'offline(active -c)',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'reconnecting(active -t)': {
    left: 'closedByCustomer',
    lostCustomer: 'reconnecting(active -ct)',
    lostTechnician: 'same',
    backCustomer: 'same',
    backTechnician: 'active',
    missingTooLong: 'offline(active -t)',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'reconnecting(active -ct)': {
    left: 'closedByCustomer',
    lostCustomer: 'same',
    lostTechnician: 'same',
    backCustomer: 'reconnecting(active -t)',
    backTechnician: 'reconnecting(active -c)',
    missingTooLong: 'offline(active -ct)',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'offline(waiting -c)': {
    left: 'closedByWaitingCustomer',
    lostCustomer: 'same',
    lostTechnician: 'same',
    backCustomer: 'waiting',
    backTechnician: 'same',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'offline(onHold -c)': {
    left: 'closedByCustomer',
    lostCustomer: 'same',
    lostTechnician: 'same',
    backCustomer: 'onHold',
    backTechnician: 'same',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'offline(active -c)': {
    left: 'closedByCustomer',
    lostCustomer: 'same',
    lostTechnician: 'offline(active -ct)',
    backCustomer: 'active',
    backTechnician: 'same',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'offline(active -t)': {
    left: 'closedByCustomer',
    lostCustomer: 'offline(active -ct)',
    lostTechnician: 'same',
    backCustomer: 'same',
    backTechnician: 'active',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  'offline(active -ct)': {
    left: 'closedByCustomer',
    lostCustomer: 'same',
    lostTechnician: 'same',
    backCustomer: 'offline(active -t)',
    backTechnician: 'offline(active -c)',
    end: 'closedByTechnician',
    relayFailed: 'aborted',
  },
  timedOut: { end: 'closedByTechnician' },
  aborted: { end: 'closedByTechnician' },
  closedByCustomer: { end: 'closedByTechnician' },
  closedByWaitingCustomer: {},
  closedByTechnician: {},
  declined: {},
  expired: {},
};

/** @param short of the table */
export function stateOf(short: Short): string {
  return /^\w+/.exec(short)?.[0] ?? '';
}

/**
 * Follows a log of state changes through the table.
 * @param from the machines that it may be in, in short
 * @returns those that it may be in after the change; empty when the table knows no such way
 */
export function follow(from: readonly Short[], change: { from: string; to: string; cause: string }): Short[] {
  const before = new Set(from.filter((short) => stateOf(short) === change.from));
  // Who is missing may change without the state, and is not logged then.
  for (const short of before) {
    for (const name of INPUT_NAMES) {
      const next = TABLE[short]?.[name];
      if (next !== undefined && next !== 'same' && stateOf(next) === change.from) {
        before.add(next);
      }
    }
  }
  const after = new Set<Short>();
  for (const short of before) {
    for (const name of INPUT_NAMES) {
      const next = TABLE[short]?.[name];
      if (INPUTS[name].type === change.cause && next !== undefined && stateOf(next) === change.to) {
        after.add(next);
      }
    }
  }
  return [...after];
}
