/** Experts and observers in words of the current language: roles, states, their lines of the log. */
import { msg, str } from '@lit/localize';
import type { EventData, GuestRole, GuestState, SessionEventType } from '../relay/protocol.ts';

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
