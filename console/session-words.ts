/** Sessions, their states and their log in words of the current language. */
import { msg, str } from '@lit/localize';
import type { Delivery } from '../relay/client/chat.ts';
import type {
  ConsentKind,
  ConsentState,
  CustomerFields,
  EventData,
  Interruption,
  PictureState,
  SessionEvent,
  SessionEventType,
  SessionState,
  SessionStatus,
  SessionView,
  TechnicianStatus,
} from '../relay/protocol.ts';
import { fieldLabel } from './field-labels.ts';
import { GUEST_EVENTS } from './guest-words.ts';
import { period } from './localization.ts';
import { preflightName } from './preflight-words.ts';
import { summarySentence } from './quality-words.ts';
import { recordingStarted, recordingStopped } from './recording-words.ts';

/** What stands on the tab and in the list; a customer without a name is "Customer". */
export function displayName({ name }: CustomerFields): string {
  return name.trim() || msg('Customer');
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

/** As `statusWord`; one whose time has not come is not waited for yet. @param now epoch milliseconds of the relay's clock */
export function sessionStatusWord({ status, invitation }: SessionView, now: number): string {
  return status === 'connecting' && (invitation?.validFrom ?? 0) > now
    ? msg('Scheduled')
    : statusWord(status);
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
  linkCreated: (data) => {
    const [from, until] = [Number(data['validFrom'] ?? 0), Number(data['expiresAt'])];
    return from > 0 ? msg(str`Link created for ${period(from, until)}`) : msg('Link created');
  },
  smsSent: (data) => msg(str`SMS sent to ••••${text(data, 'toEnd')}`),
  smsFailed: (data) => {
    const reason = text(data, 'reason');
    return reason ? msg(str`SMS not sent: ${reason}`) : msg('SMS not sent');
  },
  smsDelivered: () => msg('SMS delivered'),
  smsUndelivered: (data) => {
    const reason = text(data, 'reason');
    return reason ? msg(str`SMS not delivered: ${reason}`) : msg('SMS not delivered');
  },
  mailSent: (data) => msg(str`E-mail sent to ${text(data, 'to')}`),
  mailFailed: (data) => {
    const reason = text(data, 'reason');
    return reason ? msg(str`E-mail refused: ${reason}`) : msg('E-mail not sent');
  },
  customerArrived: (data) =>
    text(data, 'by') === 'pin' ? msg('Somebody typed the PIN code') : msg('Somebody opened the link'),
  termsAccepted: (data) => {
    const version = text(data, 'version');
    return version ? msg(str`Terms accepted (version ${version})`) : msg('Terms accepted');
  },
  termsDeclined: () => msg('Terms declined'),
  transferOffered: (data) => {
    const [to, comment] = [text(data, 'to'), text(data, 'comment')];
    return comment ? msg(str`Offered to ${to}: ${comment}`) : msg(str`Offered to ${to}`);
  },
  transferTaken: (data) => msg(str`${text(data, 'by')} has taken over from ${text(data, 'from')}`),
  transferEnded: (data) => {
    switch (text(data, 'how')) {
      case 'refused':
        return msg(str`${text(data, 'to')} has refused the session`);
      case 'gone':
        return msg(str`${text(data, 'to')} is not there any more; the session goes back`);
      default:
        return msg('The offer was taken back');
    }
  },
  outcomeSet: (data) => {
    switch (text(data, 'outcome')) {
      case 'resolved':
        return msg('Outcome: resolved');
      case 'unresolved':
        return msg('Outcome: unresolved');
      default:
        return msg('Notes changed');
    }
  },
  rated: (data) => msg(str`The customer gave ${text(data, 'stars')} of 5 stars`),
  consentAsked: (data) => msg(str`Consent asked for: ${consentSubject(text(data, 'kind'))}`),
  consentGranted: (data) => msg(str`Consent given: ${consentSubject(text(data, 'kind'))}`),
  consentRefused: (data) => msg(str`Consent refused: ${consentSubject(text(data, 'kind'))}`),
  consentWithdrawn: (data) => msg(str`Consent taken back: ${consentSubject(text(data, 'kind'))}`),
  stateChanged: (data) => {
    const to = text(data, 'to');
    return isKnownStatus(to) ? msg(str`Status: ${statusWord(to)}`) : msg('Status changed');
  },
  devicesChanged: devicesSentence,
  pictureChanged: (data) => pictureSentence(text(data, 'mode'), text(data, 'cause')),
  preflightFailed: (data) => {
    const checks = text(data, 'checks').split(', ').map(preflightName).join(', ');
    return msg(str`Check of the customer’s phone: does not work: ${checks}`);
  },
  mediaConnected: (data) =>
    text(data, 'party') === 'customer'
      ? msg('Media connection of the customer is ready')
      : msg('Media connection of the technician is ready'),
  mediaFailed: (data) =>
    text(data, 'party') === 'customer'
      ? msg('Media connection of the customer was lost')
      : msg('Media connection of the technician was lost'),
  boardUsed: () => msg('First mark drawn on the picture'),
  boardErased: () => msg('All marks on the picture erased'),
  photoTaken: (data) => msg(str`Photo received: ${text(data, 'width')} × ${text(data, 'height')} pixels`),
  photoDeleted: (data) =>
    text(data, 'source') === 'snapshot' ? msg('Snapshot deleted') : msg('Photo deleted'),
  photoFailed: (data) => photoFailure(text(data, 'reason')),
  ...GUEST_EVENTS,
  recordingStarted,
  recordingPaused: () => msg('Recording paused'),
  recordingResumed: () => msg('Recording goes on'),
  recordingStopped,
  recordingViewed: () => msg('Recording viewed'),
  recordingDownloaded: (data) => msg(str`Recording downloaded as ${text(data, 'format')}`),
  recordingDeleted: () => msg('Recording deleted'),
  pinAlarm: (data) => {
    switch (text(data, 'alarm')) {
      case 'guessing':
        return msg('Alarm: somebody is trying out PIN codes');
      case 'closed':
        return msg('Alarm: PIN codes are not accepted for now, because too many wrong ones were tried');
      default:
        return msg('The alarm about tried PIN codes is over');
    }
  },
  qualitySummary: summarySentence,
  dismissed: () => msg('Removed from the list'),
} as const satisfies Record<SessionEventType, (data: EventData) => string>;

function photoFailure(reason: string): string {
  switch (reason) {
    case 'noCamera':
    case 'cameraPaused':
      return msg('No photo: the phone’s camera was off');
    case 'tooLarge':
      return msg('No photo: it was too large');
    case 'notImage':
      return msg('No photo: the file was not an image');
    case 'withdrawn':
      return msg('No photo: the customer took the permission back');
    case 'cancelled':
      return msg('Photo cancelled');
    case 'sessionEnded':
      return msg('No photo: the session ended before it had arrived');
    default:
      return msg('No photo: the phone could not take or send one');
  }
}

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

/** Shorter than what is said while it is so. */
function pictureSentence(mode: string, cause: string): string {
  if (mode === 'video') {
    return msg('Picture: complete again');
  }
  if (cause.startsWith('camera')) {
    return msg('Picture: photos in the place of a camera');
  }
  if (mode === 'stills') {
    return cause === 'blocked'
      ? msg('Picture: single stills, the network blocks video')
      : msg('Picture: single stills, weak connection');
  }
  switch (cause) {
    case 'processor':
      return msg('Picture: reduced, the phone is busy');
    case 'saveData':
      return msg('Picture: reduced, the phone saves data');
    default:
      return msg('Picture: reduced, weak connection');
  }
}

/** Who did it; a technician by name. */
export function actorWord({ actor, actorName }: SessionEvent): string {
  switch (actor) {
    case 'technician':
      return actorName || msg('Technician');
    case 'customer':
      return msg('Customer');
    case 'guest':
      return actorName || msg('Participant');
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

// ---------------------------------------------------------------- consents

const CONSENT_SUBJECTS = {
  recording: () => msg('Recording'),
  photos: () => msg('Photos'),
  location: () => msg('Location'),
} as const satisfies Record<ConsentKind, () => string>;

/** @param kind of a consent, also one that this page does not know */
export function consentSubject(kind: string): string {
  return Object.hasOwn(CONSENT_SUBJECTS, kind) ? CONSENT_SUBJECTS[kind as ConsentKind]() : kind;
}

/** How it stands; `undefined` when the customer was not asked. */
export function consentWord(state: ConsentState | undefined): string {
  switch (state) {
    case undefined:
      return msg('Not asked');
    case 'asked':
      return msg('Asked, no answer yet');
    case 'granted':
      return msg('Given', { id: 'consent-given' });
    case 'refused':
      return msg('Refused', { id: 'consent-refused' });
    case 'withdrawn':
      return msg('Taken back');
  }
}

/** How far an own message has come. */
export function deliveryWord(delivery: Delivery): string {
  switch (delivery) {
    case 'sending':
      return msg('is being sent');
    case 'failed':
      return msg('not sent');
    case 'sent':
      return msg('sent');
    case 'delivered':
      return msg('delivered');
    case 'read':
      return msg('read');
  }
}

// ---------------------------------------------------------------- devices

/** What is missing on the customer's side; empty when camera and microphone are on. */
export function deviceNotes({
  devices: { camera, microphone, pausedBy },
  picture,
  camera: phone,
}: Pick<NonNullable<SessionView['customer']>, 'devices' | 'picture' | 'camera'>): string[] {
  const notes: string[] = [];
  if (pausedBy === 'hidden') {
    notes.push(msg('The customer’s phone is locked or shows another app'));
  } else if (pausedBy === 'interrupted') {
    notes.push(msg('A call or another app has taken the customer’s camera or microphone'));
  } else if (camera === 'paused') {
    notes.push(
      phone?.paused === 'technician' ? msg('Camera paused by you') : msg('Camera paused by the customer'),
    );
  } else if (camera === 'none' && !isPhotos(picture)) {
    notes.push(msg('The customer has no camera'));
  }
  if (microphone === 'muted' && pausedBy !== 'hidden' && pausedBy !== 'interrupted') {
    notes.push(msg('Customer muted'));
  } else if (microphone === 'none') {
    notes.push(msg('The customer has no microphone'));
  }
  return notes;
}

/** Whether a colleague takes sessions. */
export function technicianStatusWord(status: TechnicianStatus): string {
  switch (status) {
    case 'online':
      return msg('Online');
    case 'away':
      return msg('Away');
    case 'busy':
      return msg('Busy');
    case 'offline':
      return msg('Offline', { id: 'technician-offline' });
  }
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

/** The customer takes them one by one, because there is no camera; `pictureNote` says why. */
export function isPhotos({ cause }: PictureState): boolean {
  return cause.startsWith('camera');
}

/** Why the technician sees less than live video; empty when they see all of it, or when the devices say why. */
export function pictureNote({ mode, cause }: PictureState): string {
  switch (cause) {
    case 'cameraDenied':
      return msg('The customer’s browser does not allow the camera: the customer takes photos instead.');
    case 'cameraMissing':
      return msg('The customer’s device has no camera that the browser can use: photos instead.');
    case 'cameraInUse':
      return msg('Another app is using the customer’s camera: the customer takes photos instead.');
    case 'cameraFailed':
      return msg('The customer’s camera does not work in this browser: the customer takes photos instead.');
  }
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
