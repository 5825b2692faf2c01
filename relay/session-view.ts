/** What each side sees of a session; pure. */
import type {
  CameraState,
  Consents,
  CustomerPhase,
  CustomerView,
  DeviceState,
  GuestStanding,
  GuestView,
  Interruption,
  InterruptionReason,
  InvitationView,
  PictureState,
  Preflight,
  RecordingView,
  Role,
  SessionState,
  SessionStatus,
  SessionView,
  TransferView,
} from './protocol.ts';
import { isEnded, isInterrupted, type SessionMachine, settledState } from './session-state.ts';
import type { Invitation, SessionRecord, Transfer } from './store.ts';

export const NO_DEVICES: DeviceState = { microphone: 'none', camera: 'none' };
/** Until the phone says otherwise. */
export const LIVE_PICTURE: PictureState = { mode: 'video', cause: 'none' };

/** Why and since when a party counts as lost. */
export type Away = { reason: InterruptionReason; since: number };

/** The parts of a live session that are not on disk. */
export type Presence = {
  invitation: Invitation | undefined;
  customerConnected: boolean;
  technicianConnected: boolean;
  queuePosition: number | undefined;
  consents: Consents;
  recording: RecordingView | undefined;
  devices: Record<Role, DeviceState>;
  picture: PictureState;
  preflight: Preflight | undefined;
  camera: CameraState | undefined;
  /** Set while the state machine misses the party. */
  away: Record<Role, Away | undefined>;
  /** Set while the party's devices are paused by something else than a person. */
  paused: Record<Role, Away | undefined>;
  mediaReady: boolean;
  /** Everybody who was ever invited besides the customer. */
  guests: readonly GuestView[];
};

/** Links are built here and nowhere else. */
export function linkOf(origin: string, token: string): string {
  return `${origin}/j/${token}`;
}

function invitationView(invitation: Invitation, origin: string): InvitationView {
  return {
    expiresAt: invitation.expiresAt,
    ...(invitation.validFrom === 0 ? {} : { validFrom: invitation.validFrom }),
    ...(invitation.pin === null ? {} : { pin: invitation.pin }),
    ...(invitation.token === null ? {} : { link: linkOf(origin, invitation.token) }),
  };
}

/** A transfer is outgoing for its sender and incoming for its receiver. */
function statusOf(state: SessionState, isReceiver: boolean): SessionStatus {
  return state !== 'transferring' ? state : isReceiver ? 'incoming' : 'outgoing';
}

/** Whoever looks hears about the other side first. */
function interruptionOf(
  { state, missing }: SessionMachine,
  { away, paused }: Presence,
  order: readonly Role[],
): Interruption | undefined {
  if (isEnded(state) || state === 'connecting') {
    return undefined;
  }
  for (const party of order) {
    const why = missing[party] ? away[party] : paused[party];
    if (why) {
      return { party, ...why };
    }
  }
  return undefined;
}

/** @param isReceiver the session is offered to whoever looks */
export function technicianView(
  record: SessionRecord,
  presence: Presence,
  origin: string,
  isReceiver = false,
): SessionView {
  const { machine, customer } = record;
  const interruption = interruptionOf(machine, presence, ['customer', 'technician']);
  return {
    id: record.id,
    status: statusOf(machine.state, isReceiver),
    statusSince: machine.since,
    createdAt: record.createdAt,
    fields: record.fields,
    channel: record.channel,
    queued: record.technicianId === null,
    notes: record.notes,
    ...(record.transfer ? { transfer: transferView(record.transfer) } : {}),
    ...(record.outcome ? { outcome: record.outcome } : {}),
    ...queuePosition(presence),
    ...(isInterrupted(machine.state) && machine.before ? { before: machine.before } : {}),
    ...(interruption ? { interruption } : {}),
    ...(presence.recording ? { recording: presence.recording } : {}),
    ...(presence.invitation ? { invitation: invitationView(presence.invitation, origin) } : {}),
    ...(customer
      ? {
          customer: {
            devices: presence.devices.customer,
            picture: presence.picture,
            browser: customer.browser,
            connected: presence.customerConnected,
            mediaReady: presence.mediaReady,
            consents: presence.consents,
            ...(presence.preflight ? { preflight: presence.preflight } : {}),
            ...(presence.camera ? { camera: presence.camera } : {}),
          },
        }
      : {}),
    ...(presence.guests.length > 0
      ? // Whoever is only offered the session does not hand out its links.
        {
          guests: presence.guests.map(({ link, ...guest }) =>
            isReceiver || !link ? guest : { ...guest, link },
          ),
        }
      : {}),
  };
}

function transferView({ from, to, comment }: Transfer): TransferView {
  return { from, to, comment };
}

function phaseOf(record: SessionRecord): Exclude<CustomerPhase, 'terms'> {
  const { machine } = record;
  if (isEnded(machine.state)) {
    return 'ended';
  }
  switch (settledState(machine)) {
    case 'active':
      return 'active';
    case 'onHold':
      return 'onHold';
    default:
      return 'waiting';
  }
}

function queuePosition({ queuePosition: place }: Presence): { queuePosition?: number } {
  return place === undefined ? {} : { queuePosition: place };
}

/** @param nickname what the customer may know of the technician; told from the start on only */
export function customerView(record: SessionRecord, presence: Presence, nickname: string): CustomerView {
  const phase = phaseOf(record);
  const interruption = interruptionOf(record.machine, presence, ['technician', 'customer']);
  const others = presence.guests.filter(({ state }) => state === 'here');
  return {
    phase,
    technician: record.startedAt === null ? '' : nickname,
    technicianDevices: presence.devices.technician,
    technicianConnected: presence.technicianConnected,
    consents: presence.consents,
    // The question itself is all that they need to see of one that is only asked for.
    ...(presence.recording && presence.recording.state !== 'asked' ? { recording: presence.recording } : {}),
    ...queuePosition(presence),
    ...(interruption ? { interruption } : {}),
    ...(others.length > 0 ? { guests: others.map(({ name, role }) => ({ name, role })) } : {}),
    ...(phase === 'ended' ? { endedAs: record.machine.state } : {}),
  };
}

/** @param nickname what guests may know of the technician */
export function guestView(
  record: SessionRecord,
  presence: Presence,
  nickname: string,
): Pick<GuestStanding, 'phase' | 'technician' | 'customerDevices' | 'interruption'> {
  const interruption = interruptionOf(record.machine, presence, ['customer', 'technician']);
  return {
    phase: phaseOf(record),
    technician: nickname,
    customerDevices: presence.devices.customer,
    ...(interruption ? { interruption } : {}),
  };
}
