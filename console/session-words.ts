/** Sessions, their states and their log in words of the current language. */
import { msg, str } from '@lit/localize';
import type {
  CustomerFields,
  DeviceState,
  EventData,
  Interruption,
  PictureState,
  SessionEvent,
  SessionEventType,
  SessionState,
  SessionStatus,
} from '../relay/protocol.ts';

/** What stands on the tab and in the list; a customer without a name is "Customer". */
export function displayName({ name }: CustomerFields): string {
  return name.trim() || msg('Customer');
}

const FIELD_LABELS: Record<string, () => string> = {
  name: () => msg('Name'),
  phone: () => msg('Phone'),
  email: () => msg('Email', { id: 'field-email' }),
  ticketId: () => msg('Ticket ID'),
};

/** @param key of `CustomerFields`, or of a custom field, which is its own label */
export function fieldLabel(key: string): string {
  return (Object.hasOwn(FIELD_LABELS, key) ? FIELD_LABELS[key] : undefined)?.() ?? key;
}

const STATUS = {
  connecting: () => msg('Connecting'),
  waiting: () => msg('Waiting'),
  active: () => msg('Active'),
  onHold: () => msg('On hold'),
  outgoing: () => msg('Outgoing'),
  incoming: () => msg('Incoming'),
  transferring: () => msg('Transferring'),
  reconnecting: () => msg('Reconnecting'),
  offline: () => msg('Offline'),
  timedOut: () => msg('Timed out'),
  aborted: () => msg('Aborted'),
  closedByCustomer: () => msg('Closed by customer'),
  closedByWaitingCustomer: () => msg('Closed by waiting customer'),
  closedByTechnician: () => msg('Closed by technician'),
  declined: () => msg('Declined'),
  expired: () => msg('Expired'),
} as const satisfies Record<SessionStatus | SessionState, () => string>;

export function statusWord(status: SessionStatus | SessionState): string {
  return STATUS[status]();
}

/** Why a session is over, for its page. Empty for one that is not. */
export function endedSentence(status: SessionStatus): string {
  switch (status) {
    case 'timedOut':
      return msg('The session ended because nothing happened in it for too long.');
    case 'aborted':
      return msg('The relay could not carry this session on.');
    case 'closedByCustomer':
      return msg('The customer ended the session.');
    case 'closedByWaitingCustomer':
      return msg('The customer left before the session was started.');
    case 'closedByTechnician':
      return msg('The session was ended from this side.');
    case 'declined':
      return msg('The customer did not accept the terms.');
    case 'expired':
      return msg('Nobody used the PIN or link before it expired.');
    default:
      return '';
  }
}

// ---------------------------------------------------------------- session log

const EVENTS = {
  sessionCreated: () => msg('Session created'),
  fieldsEdited: (data) => {
    const changed = text(data, 'changed').split(', ').map(fieldLabel).join(', ');
    return changed ? msg(str`Changed: ${changed}`) : msg('Saved without a change');
  },
  pinCreated: (data) => {
    // The log on disk keeps the end only; `pin` is there while the invitation is alive.
    const pin = text(data, 'pin') || `••••${text(data, 'pinEnd')}`;
    return msg(str`PIN code created: ${pin}`);
  },
  linkCreated: () => msg('Link created'),
  customerArrived: (data) =>
    text(data, 'by') === 'pin' ? msg('Somebody typed the PIN code') : msg('Somebody opened the link'),
  termsAccepted: (data) => {
    const version = text(data, 'version');
    return version ? msg(str`Terms accepted (version ${version})`) : msg('Terms accepted');
  },
  termsDeclined: () => msg('Terms declined'),
  stateChanged: (data) => {
    const to = text(data, 'to');
    return isKnownStatus(to) ? msg(str`Status: ${statusWord(to)}`) : msg('Status changed');
  },
  devicesChanged: devicesSentence,
  mediaConnected: (data) =>
    text(data, 'party') === 'customer'
      ? msg('Media connection of the customer is ready')
      : msg('Media connection of the technician is ready'),
  mediaFailed: (data) =>
    text(data, 'party') === 'customer'
      ? msg('Media connection of the customer was lost')
      : msg('Media connection of the technician was lost'),
  dismissed: () => msg('Removed from the list'),
} as const satisfies Record<SessionEventType, (data: EventData) => string>;

/**
 * One line of the log without time and actor.
 * @param pin of the living invitation, to be shown whole
 */
export function eventSentence({ type, data, actor }: SessionEvent, pin: string | undefined): string {
  if (type === 'pinCreated' && pin !== undefined && pin.endsWith(text(data, 'pinEnd'))) {
    return EVENTS.pinCreated({ pin });
  }
  if (type === 'devicesChanged' && actor === 'technician') {
    // A technician's page never has a camera, so it says nothing about one.
    return devicesSentence({ microphone: text(data, 'microphone') });
  }
  return EVENTS[type](data);
}

/** Who did it; a technician by name. */
export function actorWord({ actor, actorName }: SessionEvent): string {
  switch (actor) {
    case 'technician':
      return actorName || msg('Technician');
    case 'customer':
      return msg('Customer');
    case 'system':
      return msg('System');
  }
}

function devicesSentence(data: EventData): string {
  const words: string[] = [];
  switch (text(data, 'camera')) {
    case 'on':
      words.push(msg('camera on'));
      break;
    case 'paused':
      words.push(msg('camera paused'));
      break;
    case 'none':
      words.push(msg('no camera'));
      break;
  }
  switch (text(data, 'microphone')) {
    case 'on':
      words.push(msg('microphone on'));
      break;
    case 'muted':
      words.push(msg('microphone muted'));
      break;
    case 'none':
      words.push(msg('no microphone'));
      break;
  }
  const list = words.join(', ');
  return list ? msg(str`Devices: ${list}`) : msg('Devices changed');
}

function text(data: EventData, key: string): string {
  const value = data[key];
  return value === undefined ? '' : String(value);
}

function isKnownStatus(word: string): word is keyof typeof STATUS {
  return Object.hasOwn(STATUS, word);
}

// ---------------------------------------------------------------- devices

/** What is missing on the customer's side; empty when camera and microphone are on. */
export function deviceNotes({ camera, microphone, pausedBy }: DeviceState): string[] {
  const notes: string[] = [];
  if (pausedBy === 'hidden') {
    notes.push(msg('The customer’s phone is locked or shows another app'));
  } else if (pausedBy === 'interrupted') {
    notes.push(msg('A call or another app has taken the customer’s camera or microphone'));
  } else if (camera === 'paused') {
    notes.push(msg('Camera paused by the customer'));
  } else if (camera === 'none') {
    notes.push(msg('The customer has no camera'));
  }
  if (microphone === 'muted' && pausedBy !== 'hidden' && pausedBy !== 'interrupted') {
    notes.push(msg('Customer muted'));
  } else if (microphone === 'none') {
    notes.push(msg('The customer has no microphone'));
  }
  return notes;
}

// ---------------------------------------------------------------- interruptions

/**
 * Why picture and sound are away, and that it goes on by itself.
 * @param hasPicture the last picture is on the screen
 */
export function interruptionSentence({ party, reason }: Interruption, hasPicture: boolean): string {
  if (party === 'technician') {
    return reason === 'noMedia'
      ? msg('Your voice does not get through at the moment. Reconnecting…')
      : msg('Your connection was interrupted. Reconnecting…');
  }
  switch (reason) {
    case 'hidden':
      return hasPicture
        ? msg(
            'The customer’s phone is locked or shows another app. The last picture is shown; it goes on by itself.',
          )
        : msg('The customer’s phone is locked or shows another app. It goes on by itself.');
    case 'call':
      return hasPicture
        ? msg(
            'A call or another app has taken the customer’s camera. The last picture is shown; it goes on by itself.',
          )
        : msg('A call or another app has taken the customer’s camera. It goes on by itself.');
    case 'left':
      return msg('The customer has left the page or is loading it again. The session waits.');
    case 'relay':
      return msg('The relay was started again. The customer comes back by itself.');
    case 'noMedia':
      return msg('Nothing arrives from the customer at the moment. Reconnecting…');
    case 'connection':
      return msg('The customer’s connection was interrupted. Reconnecting…');
  }
}

// ---------------------------------------------------------------- picture

/** Why the technician sees less than live video; empty when they see all of it, or when the devices say why. */
export function pictureNote({ mode, cause }: PictureState): string {
  if (mode === 'stills') {
    return cause === 'blocked'
      ? msg('The customer’s network blocks video and sound: single stills arrive instead.')
      : msg('Weak connection: sharp stills instead of video, the voice has priority.');
  }
  if (mode !== 'reduced') {
    return '';
  }
  switch (cause) {
    case 'processor':
      return msg('The customer’s phone is busy: the picture has been made smaller.');
    case 'saveData':
      return msg('The customer’s phone saves data: the picture has been made smaller.');
    default:
      return msg('Weak connection: the picture has been reduced, the voice has priority.');
  }
}
