/** What each side sees of a session; pure. */
import type {
  CustomerPhase,
  CustomerView,
  DeviceState,
  InvitationView,
  PictureState,
  SessionState,
  SessionStatus,
  SessionView,
} from './protocol.ts';
import { isEnded, settledState } from './session-state.ts';
import type { Invitation, SessionRecord } from './store.ts';

export const NO_DEVICES: DeviceState = { microphone: 'none', camera: 'none' };
/** Until the phone says otherwise. */
export const LIVE_PICTURE: PictureState = { mode: 'video', cause: 'none' };

/** The parts of a live session that are not on disk. */
export type Presence = {
  invitation: Invitation | undefined;
  customerConnected: boolean;
  technicianConnected: boolean;
  customerDevices: DeviceState;
  technicianDevices: DeviceState;
  picture: PictureState;
  mediaReady: boolean;
};

/** Links are built here and nowhere else. */
export function linkOf(origin: string, token: string): string {
  return `${origin}/j/${token}`;
}

function invitationView(invitation: Invitation, origin: string): InvitationView {
  return {
    expiresAt: invitation.expiresAt,
    ...(invitation.pin === null ? {} : { pin: invitation.pin }),
    ...(invitation.token === null ? {} : { link: linkOf(origin, invitation.token) }),
  };
}

/** A transfer is outgoing for its sender and incoming for its receiver; the viewer here is always the sender. */
function statusOf(state: SessionState): SessionStatus {
  return state === 'transferring' ? 'outgoing' : state;
}

export function technicianView(record: SessionRecord, presence: Presence, origin: string): SessionView {
  const { machine, customer } = record;
  return {
    id: record.id,
    status: statusOf(machine.state),
    statusSince: machine.since,
    createdAt: record.createdAt,
    fields: record.fields,
    channel: record.channel,
    ...(presence.invitation ? { invitation: invitationView(presence.invitation, origin) } : {}),
    ...(customer
      ? {
          customer: {
            devices: presence.customerDevices,
            picture: presence.picture,
            browser: customer.browser,
            connected: presence.customerConnected,
            mediaReady: presence.mediaReady,
          },
        }
      : {}),
  };
}

function phaseOf(record: SessionRecord): CustomerPhase {
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

/** @param nickname what the customer may know of the technician; told from the start on only */
export function customerView(record: SessionRecord, presence: Presence, nickname: string): CustomerView {
  const phase = phaseOf(record);
  return {
    phase,
    technician: record.startedAt === null ? '' : nickname,
    technicianDevices: presence.technicianDevices,
    technicianConnected: presence.technicianConnected,
    ...(phase === 'ended' ? { endedAs: record.machine.state } : {}),
  };
}
