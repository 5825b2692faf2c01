/** Questions about the status of a session that several views ask. Pure. */
import type { CustomerFields, SessionStatus, SessionView } from '../relay/protocol.ts';

export type Tone = 'calling' | 'attention' | 'urgent' | 'live' | 'quiet';

export type WaitingSteps = { amberMs: number; redMs: number };

/** Until the relay's settings are known: a caller starts to wonder after a minute and to hang up after three. */
const DEFAULT_STEPS: WaitingSteps = { amberMs: 60_000, redMs: 180_000 };

export const EMPTY_FIELDS: CustomerFields = { name: '', phone: '', email: '', ticketId: '', custom: {} };

export function isEnded(status: SessionStatus): boolean {
  switch (status) {
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

/** The customer is in, nobody has started yet. */
export function isStartable(status: SessionStatus): boolean {
  return status === 'waiting' || status === 'incoming' || status === 'outgoing';
}

export function waitingLevel(
  session: SessionView,
  now: number,
  { amberMs, redMs }: WaitingSteps = DEFAULT_STEPS,
): 'fresh' | 'amber' | 'red' {
  if (!isStartable(session.status)) {
    return 'fresh';
  }
  const waited = now - session.statusSince;
  return waited >= redMs ? 'red' : waited >= amberMs ? 'amber' : 'fresh';
}

/** @param now epoch milliseconds of the relay's clock */
export function toneOf(session: SessionView, now: number, steps?: WaitingSteps): Tone {
  switch (session.status) {
    case 'waiting':
    case 'incoming':
    case 'outgoing': {
      const level = waitingLevel(session, now, steps);
      return level === 'red' ? 'urgent' : level === 'amber' ? 'attention' : 'calling';
    }
    case 'active':
      return 'live';
    case 'reconnecting':
    case 'offline':
      return 'attention';
    default:
      return 'quiet';
  }
}

/** What a filter looks into, in lower case. */
export function searchText(session: SessionView, words: string[]): string {
  const { name, phone, email, ticketId, custom } = session.fields;
  return [
    name,
    phone,
    email,
    ticketId,
    ...Object.values(custom),
    String(session.id),
    session.channel,
    ...words,
  ]
    .join('\n')
    .toLowerCase();
}

/** Something of the customer is due now; while they are away nothing is. */
export function customerSends(session: SessionView | undefined): boolean {
  const customer = session?.customer;
  return (
    session?.status === 'active' &&
    customer?.connected === true &&
    session.interruption?.party !== 'customer' &&
    (customer.devices.microphone === 'on' || customer.devices.camera === 'on')
  );
}
