/** Where a customer stands with the relay. Types only. */
import type {
  ChannelClaimResult,
  ClaimResult,
  CustomerView,
  ErrorCode,
  SessionId,
} from '../relay/protocol.ts';
import type { Entry } from './pin.ts';

/** How a customer comes in. */
export type Invitation = { pin: string } | Entry;

export type Claim = ClaimResult & Partial<Pick<ChannelClaimResult, 'channel'>>;

export type Problem = ErrorCode | 'notConnected';

/** `over`, `declined` and `gone` are final for this page. */
export type Standing =
  | { kind: 'outside' }
  /** A stored session is being continued. */
  | { kind: 'resuming' }
  | { kind: 'claimed'; claim: Claim }
  | { kind: 'inside'; sessionId: SessionId; customer: CustomerView }
  | { kind: 'over'; customer: CustomerView }
  | { kind: 'declined' }
  | { kind: 'gone'; why: ErrorCode | 'superseded' };
