/** Experts and observers in the wire protocol: their links, who is there, what their page is told. Types and constants only; part of `protocol.ts`. */
import type { CustomerPhase, DeviceState, Interruption, SessionId, SessionView } from './protocol.ts';

/** Experts are heard; observers watch and listen. */
export const GUEST_ROLES = ['expert', 'observer'] as const;
export type GuestRole = (typeof GUEST_ROLES)[number];

/** Grows only; unique in the deployment. */
export type GuestId = number;

/** `away`: the page is gone and may come back. The last four are final. */
export type GuestState = 'invited' | 'here' | 'away' | 'left' | 'removed' | 'revoked' | 'expired';

/** What the technician sees of a guest. */
export type GuestView = {
  id: GuestId;
  name: string;
  role: GuestRole;
  state: GuestState;
  /** By the technician. */
  muted: boolean;
  /** Of the link, epoch milliseconds. */
  expiresAt: number;
  /** Absolute URL; present while nobody has come by it. */
  link?: string;
};

/** What everybody else may know: who is there. */
export type GuestShown = Pick<GuestView, 'name' | 'role'>;

/** `left`, `removed` and `ended` are final. */
export type GuestPhase = Exclude<CustomerPhase, 'terms'> | 'left' | 'removed';

/** What a guest's page shows. */
export type GuestStanding = GuestShown & {
  phase: GuestPhase;
  /** Nickname of the technician; empty while nobody has the session. */
  technician: string;
  /** By the technician: what the microphone sends reaches nobody. */
  muted: boolean;
  /** What the customer's camera and microphone do. */
  customerDevices: DeviceState;
  /** While picture or sound of a party are away through no wish of a person. */
  interruption?: Interruption;
};

/** What a link says before it is used up. */
export type GuestInvitation = GuestShown & { brand: string; technician: string };

export type GuestRequests = {
  /** Technician: makes a link; it is in the view of the newest guest. */
  inviteGuest: {
    params: { sessionId: SessionId; role: GuestRole; name: string };
    result: { session: SessionView };
  };
  /** Technician: an open link dies; somebody who came by it is put out. */
  removeGuest: { params: { sessionId: SessionId; guestId: GuestId }; result: { session: SessionView } };
  /** Technician: the guest's voice reaches nobody, or does again. */
  muteGuest: {
    params: { sessionId: SessionId; guestId: GuestId; muted: boolean };
    result: { session: SessionView };
  };
  /** Guest: what the link is for. Nothing is used up yet. */
  openGuestLink: { params: { token: string }; result: GuestInvitation };
  /** Guest: uses the link up. The page makes the resume token itself (see `acceptTerms`). */
  joinGuest: {
    params: { token: string; name: string; resume: string };
    result: { sessionId: SessionId; guest: GuestStanding };
  };
};

export type GuestEvent =
  /** Guest: what to show changed. */
  { type: 'guest'; guest: GuestStanding };

/** Open links and people who came by one, of a session. */
export const GUESTS_MAX = 4;
/** Of all links that were ever made in a session. */
export const GUEST_LINKS_MAX = 50;
export const GUEST_NAME_MAX_LENGTH = 60;
export const GUEST_LINK_LIFE_MS = 60 * 60 * 1000;
