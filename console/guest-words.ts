/** Experts and observers in words of the current language: roles, states, their lines of the log. */
import { msg, str } from '@lit/localize';
import type { EventData, GuestRole, GuestStanding, GuestState, SessionEventType } from '../relay/protocol.ts';

export function guestRoleWord(role: GuestRole): string {
  return role === 'expert' ? msg('Expert') : msg('Observer');
}

export function guestStateWord(state: GuestState): string {
  switch (state) {
    case 'invited':
      return msg('Invited', { id: 'guest-invited' });
    case 'here':
      return msg('In the session', { id: 'guest-here' });
    case 'away':
      return msg('Connection lost', { id: 'guest-away' });
    case 'left':
      return msg('Has left', { id: 'guest-left' });
    case 'removed':
      return msg('Removed', { id: 'guest-removed' });
    case 'revoked':
      return msg('Link revoked', { id: 'guest-revoked' });
    case 'expired':
      return msg('Link expired', { id: 'guest-expired' });
  }
}

/** "Bob (expert)", as it stands within a sentence. */
function who(data: EventData): string {
  const name = String(data['name'] ?? '');
  return data['role'] === 'observer' ? msg(str`${name} (observer)`) : msg(str`${name} (expert)`);
}

type GuestEventType = Extract<SessionEventType, `guest${string}`>;

/** Lines of the log. */
export const GUEST_EVENTS = {
  guestInvited: (data) => msg(str`Link created for ${who(data)}`),
  guestJoined: (data) =>
    data['again'] === true ? msg(str`${who(data)} is back`) : msg(str`${who(data)} joined the session`),
  guestLeft: (data) => {
    switch (data['reason']) {
      case 'connection':
      case 'noMedia':
        return msg(str`Connection of ${who(data)} was lost`);
      case 'relay':
        return msg(str`${who(data)} was disconnected because the relay was started again`);
      case 'sessionEnded':
        return msg(str`${who(data)} was there until the end`);
      default:
        return msg(str`${who(data)} left the session`);
    }
  },
  guestMuted: (data) =>
    data['muted'] === true ? msg(str`${who(data)} was muted`) : msg(str`${who(data)} can be heard again`),
  guestRemoved: (data) => msg(str`${who(data)} was removed from the session`),
  guestRevoked: (data) => msg(str`Link of ${who(data)} was revoked`),
} as const satisfies Record<GuestEventType, (data: EventData) => string>;

// ---------------------------------------------------------------- the guest's own page

/** How things stand, as a guest reads it; empty while there is nothing to say. */
export function guestNotes(
  { phase, interruption, customerDevices, muted, role }: GuestStanding,
  { lost, hasPicture }: { lost: boolean; hasPicture: boolean },
): string[] {
  if (lost) {
    return [msg('Connection lost, reconnecting…')];
  }
  const notes = muted && role === 'expert' ? [msg('The technician has muted you.')] : [];
  if (phase === 'waiting') {
    return [...notes, msg('The session has not begun yet. It starts by itself.')];
  }
  if (phase === 'onHold') {
    return [...notes, msg('The technician has paused the session.')];
  }
  if (interruption) {
    return [
      ...notes,
      interruption.party === 'customer'
        ? msg('The customer is away for a moment. It goes on by itself.')
        : msg('The technician is away for a moment. It goes on by itself.'),
    ];
  }
  if (customerDevices.camera !== 'on') {
    return [...notes, msg('The customer’s camera is off at the moment.')];
  }
  return hasPicture ? notes : [...notes, msg('Waiting for the picture …')];
}

export function guestEnding(why: 'left' | 'removed' | 'ended' | 'superseded'): string {
  switch (why) {
    case 'left':
      return msg('You have left the session.');
    case 'removed':
      return msg('The technician has removed you from the session.');
    case 'ended':
      return msg('The session is over.');
    case 'superseded':
      return msg('The session is open in another window of this browser.');
  }
}
