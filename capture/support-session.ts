import { Chat } from '../relay/client/chat.ts';
import { Connection, type ConnectionStatus, RequestError } from '../relay/client/connection.ts';
import { type LocalTracks, supportedVideoCodecs } from '../relay/client/media.ts';
import {
  type ConsentKind,
  type CustomerView,
  type DeviceState,
  type HelloResult,
  type Language,
  type Params,
  type PictureState,
  PROTOCOL_VERSION,
  type PreflightFindings,
  type ServerEvent,
  type SessionId,
  STILL_FRAME,
  WEBSOCKET_PATH,
} from '../relay/protocol.ts';
import type { BoardSlot } from './board-slot.ts';
import type { CameraSlot } from './camera-slot.ts';
import { CustomerMedia, type Inside } from './customer-media.ts';
import type { PhotoSlot } from './photo-slot.ts';
import type { PhotoReason, Photos } from './photos.ts';
import { type Entry, entryKey } from './pin.ts';
import { forgetResume, newResumeToken, recallResume, rememberResume } from './resume.ts';
import type { Invitation, Problem, Standing } from './standing.ts';

export type SupportSessionEvents = {
  changed: () => void;
  whiteboard: Pick<BoardSlot, 'entered' | 'hear' | 'hearFrame'>;
  phone: Pick<CameraSlot, 'entered' | 'hear'>;
  photos: Pick<PhotoSlot, 'entered' | 'hear'>;
  remoteAudio: (track: MediaStreamTrack, voice: number) => void;
  /** Whether the microphone gives anything; undefined where that cannot be measured. */
  heard: () => boolean | undefined;
};

/** Refusals after which the PIN or link is of no more use. */
const SPENT: ReadonlySet<Problem> = new Set([
  'pinUnknown',
  'pinClosed',
  'linkUnknown',
  'linkExpired',
  'linkUsed',
  'throttled',
  'channelUnknown',
  'channelClosed',
  'queueFull',
]);

/**
 * The customer's side of one support session: invitation, terms, phases and when media may flow. It owns the socket
 * and the media connections; the page owns the camera and hands its tracks over.
 */
export class SupportSession {
  readonly #events: SupportSessionEvents;
  readonly #connection: Connection;
  readonly #media: CustomerMedia;
  /** What the session came by, also in a page before this one. */
  readonly #entryKey: string | undefined;
  /** What is in the address bar. */
  readonly #openedBy: Entry | undefined;
  #language: Language;
  #standing: Standing = { kind: 'outside' };
  #invitation: Invitation | undefined;
  #problem: Problem | undefined;
  #busy = false;
  #leaving = false;
  #resume: string | undefined;
  #questions: HelloResult['questions'];
  #chat: Chat | undefined;

  /** @param entry that the page was opened with; a new one beats an interrupted session */
  constructor(language: Language, entry: Entry | undefined, events: SupportSessionEvents) {
    this.#language = language;
    this.#events = events;
    this.#openedBy = entry;
    const key = entry && entryKey(entry);
    const stored = recallResume(key);
    this.#entryKey = key ?? stored?.entry;
    if (stored) {
      this.#resume = stored.token;
      this.#standing = { kind: 'resuming' };
    }
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#connection = new Connection({
      url: `${scheme}//${location.host}${WEBSOCKET_PATH}`,
      hello: () => ({
        version: PROTOCOL_VERSION,
        role: 'customer',
        language: this.#language,
        videoCodecs: supportedVideoCodecs('send'),
        peers: this.#media.peerIds,
        ...(this.#resume && { resume: this.#resume }),
      }),
      onHello: (result) => this.#greeted(result),
      onHelloError: (error) => this.#refused(error),
      onEvent: (event) => this.#receive(event),
      onBinary: (frame) => this.#events.whiteboard.hearFrame(frame),
      onStatus: () => this.#events.changed(),
    });
    this.#media = new CustomerMedia({
      inside: () => this.#inside,
      tell: (type, params) => this.#tell(type, params),
      ask: (type, params) => this.#connection.request(type, params),
      heard: () => events.heard(),
      sendStill: (jpeg) => this.#connection.sendBinary(STILL_FRAME, jpeg),
      checkConnection: () => this.#connection.check(),
      changed: () => this.#events.changed(),
      remoteAudio: (track, voice) => this.#events.remoteAudio(track, voice),
    });
  }

  get standing(): Standing {
    return this.#standing;
  }

  get connection(): ConnectionStatus {
    return this.#connection.status;
  }

  /** For the parts of the page that are loaded later. */
  get socket(): Connection {
    return this.#connection;
  }

  /** For what is chosen of picture and data. */
  get media(): Pick<CustomerMedia, 'prefer' | 'saveData' | 'meter'> {
    return this.#media;
  }

  get mediaState(): RTCPeerConnectionState {
    return this.#media.state;
  }

  /** What the technician gets to see of the camera, and why not more. */
  get picture(): PictureState {
    return this.#media.picture;
  }

  /** What the phone has found out about itself so far, while its customer waits. */
  get findings(): Partial<PreflightFindings> {
    return this.#media.findings;
  }

  /** What is asked when a consent is wanted. */
  get questions(): HelloResult['questions'] {
    return this.#questions;
  }

  /** Why the last claim or acceptance did not work. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** A claim or an acceptance is on its way. */
  get isBusy(): boolean {
    return this.#busy;
  }

  open(): void {
    this.#connection.open();
  }

  speak(language: Language): void {
    this.#language = language;
  }

  /** Asks what this PIN or link opens; asked again by itself while the terms are not accepted and the socket changes. */
  claim(invitation: Invitation): void {
    this.#invitation = invitation;
    this.#problem = undefined;
    this.#busy = true;
    this.#events.changed();
    if (this.#connection.status === 'open') {
      void this.#sendClaim();
    }
  }

  forgetProblem(): void {
    this.#problem = undefined;
    this.#events.changed();
  }

  /** @param browser told to the technician, such as "Chrome 141, Android" */
  async accept(language: Language, browser: string): Promise<void> {
    if (this.#standing.kind !== 'claimed' || this.#busy) {
      return;
    }
    const { version, hash } = this.#standing.claim.terms[language];
    this.#problem = undefined;
    this.#busy = true;
    this.#events.changed();
    const resume = newResumeToken();
    this.#keepResume(resume);
    try {
      const { sessionId, customer } = await this.#connection.request('acceptTerms', {
        version,
        language,
        hash,
        devices: this.#media.devices,
        browser,
        resume,
      });
      this.#invitation = undefined;
      this.#enter(sessionId, customer);
      this.#media.entered();
    } catch (error) {
      // Without an answer nobody knows whether it counted; the next hello asks with the token.
      if (codeOf(error) !== 'notConnected') {
        this.#forgetResume();
      }
      this.#fail(error);
    }
    this.#busy = false;
    this.#events.changed();
  }

  /** Declined is declined, whether the relay hears it or not: nothing was sent and nothing will be. */
  decline(language: Language): void {
    if (this.#standing.kind !== 'claimed' || this.#busy) {
      return;
    }
    const { version, hash } = this.#standing.claim.terms[language];
    this.#standing = { kind: 'declined' };
    this.#invitation = undefined;
    void this.#tell('declineTerms', { version, language, hash }).then(() => this.#shut());
    this.#events.changed();
  }

  /** Ends the session from the customer's side, at once here and as soon as there is a connection at the relay. */
  leave(): void {
    if (this.#standing.kind !== 'inside') {
      return;
    }
    const { customer } = this.#standing;
    const endedAs = customer.phase === 'waiting' ? 'closedByWaitingCustomer' : 'closedByCustomer';
    this.#standing = { kind: 'over', customer: { ...customer, phase: 'ended', endedAs } };
    this.#media.close();
    this.#closeChat();
    forgetResume(this.#resume);
    this.#leaving = true;
    this.#sayGoodbye();
    this.#events.changed();
  }

  /** The answer to a consent, or a change of mind. What counts is what the relay then shows. */
  answerConsent(kind: ConsentKind, granted: boolean, language: Language): void {
    const hash = this.#questions?.[kind][language].hash;
    if (this.#standing.kind === 'inside' && hash !== undefined) {
      const { sessionId } = this.#standing;
      void this.#tell('answerConsent', { sessionId, kind, granted, language, hash });
    }
  }

  /** What the camera has; what of it leaves the phone is decided by the phase of the session alone. */
  offerMedia(tracks: LocalTracks, devices: DeviceState): void {
    this.#media.offer(tracks, devices);
  }

  /** Photos in the place of a camera that cannot be had; undefined when there is one. */
  usePhotos(reason: PhotoReason | undefined): void {
    this.#media.usePhotos(reason);
  }

  get photos(): Photos {
    return this.#media.photos;
  }

  /** What is written between the two; undefined outside of a session. */
  get chat(): Chat | undefined {
    return this.#chat;
  }

  /** The token of a session that is over: the customer may still say how it was. */
  get overToken(): string | undefined {
    return this.#standing.kind === 'over' ? this.#resume : undefined;
  }

  get #inside(): Inside | undefined {
    return this.#standing.kind === 'inside' ? this.#standing : undefined;
  }

  #greeted(result: HelloResult): void {
    this.#questions = result.questions;
    if (this.#leaving) {
      this.#sayGoodbye();
      return;
    }
    if (result.customer && result.sessionId !== undefined) {
      this.#keepResume(result.resume);
      this.#enter(result.sessionId, result.customer);
      this.#media.greeted();
      void this.#chat?.open();
      this.#events.whiteboard.entered();
      this.#events.phone.entered();
      void this.#events.photos.entered();
    } else if (this.#invitation) {
      void this.#sendClaim();
    }
    this.#events.changed();
  }

  #refused(error: RequestError): void {
    if (this.#standing.kind === 'over' || this.#standing.kind === 'declined') {
      return;
    }
    if (error.code === 'resumeUnknown' && this.#standing.kind === 'claimed') {
      this.#forgetResume();
      this.#connection.open();
      return;
    }
    if (error.code === 'resumeUnknown' && this.#standing.kind === 'resuming' && this.#openedBy) {
      // The link itself knows best what became of it.
      this.#forgetResume();
      this.#standing = { kind: 'outside' };
      this.#connection.open();
      this.claim(this.#openedBy);
      return;
    }
    this.#end({ kind: 'gone', why: error.code === 'notConnected' ? 'internal' : error.code });
  }

  #receive(event: ServerEvent): void {
    switch (event.type) {
      case 'customer':
        if (this.#standing.kind === 'inside') {
          this.#enter(this.#standing.sessionId, event.customer);
        }
        break;
      case 'offer':
      case 'candidates':
      case 'peerClosed':
        // After the end no connection comes about any more.
        if (event.type !== 'offer' || this.#inside) {
          this.#media.receive(event);
        }
        break;
      case 'chat':
      case 'chatSeen':
      case 'typing':
        this.#chat?.receive(event);
        break;
      case 'board':
      case 'sketch':
      case 'freezeWanted':
        this.#events.whiteboard.hear(event);
        break;
      case 'cameraWish':
        this.#events.phone.hear(event);
        break;
      case 'photoWanted':
      case 'photo':
      case 'photoGone':
        this.#events.photos.hear(event);
        break;
      case 'superseded':
        this.#end({ kind: 'gone', why: 'superseded' });
        break;
      default:
        // Events of the console, and `closing`, after which the socket goes and the status says the rest.
        break;
    }
  }

  async #sendClaim(): Promise<void> {
    const invitation = this.#invitation;
    if (!invitation) {
      return;
    }
    try {
      const claim =
        'pin' in invitation
          ? await this.#connection.request('claimPin', invitation)
          : 'token' in invitation
            ? await this.#connection.request('claimLink', invitation)
            : await this.#connection.request('claimChannel', invitation);
      if (invitation !== this.#invitation) {
        return;
      }
      this.#standing = { kind: 'claimed', claim };
      if (this.#problem === 'notConnected') {
        this.#problem = undefined;
      }
    } catch (error) {
      // Without a connection the next hello asks again.
      if (invitation !== this.#invitation || codeOf(error) === 'notConnected') {
        return;
      }
      this.#invitation = undefined;
      this.#standing = { kind: 'outside' };
      this.#problem = codeOf(error);
    }
    this.#busy = false;
    this.#events.changed();
  }

  #fail(error: unknown): void {
    const code = codeOf(error);
    this.#problem = code;
    if (SPENT.has(code)) {
      this.#invitation = undefined;
      this.#standing = { kind: 'outside' };
    } else if (code === 'termsChanged' || code === 'wrongState') {
      void this.#sendClaim();
    }
  }

  #enter(sessionId: SessionId, customer: CustomerView): void {
    if (customer.phase === 'ended') {
      this.#end({ kind: 'over', customer });
      return;
    }
    this.#standing = { kind: 'inside', sessionId, customer };
    this.#openChat(sessionId);
    this.#media.apply();
    this.#events.changed();
  }

  #end(standing: Standing): void {
    this.#standing = standing;
    this.#shut();
    this.#events.changed();
  }

  #openChat(sessionId: SessionId): void {
    if (!this.#chat) {
      this.#chat = new Chat({
        own: 'customer',
        sessionId,
        request: (type, params) => this.#connection.request(type, params),
        changed: () => this.#events.changed(),
      });
      void this.#chat.open();
    }
  }

  #closeChat(): void {
    this.#chat?.close();
    this.#chat = undefined;
  }

  #sayGoodbye(): void {
    void this.#tell('leave', {}).then((isAnswered) => {
      if (isAnswered) {
        this.#shut();
      }
    });
  }

  /**
   * For messages whose refusal needs no words: the relay's next `customer` event or offer says what counts.
   * @returns whether the relay answered, whatever it said; false when the socket was not there or went away
   */
  async #tell<T extends Told>(type: T, params: Params<T>): Promise<boolean> {
    try {
      await this.#connection.request(type, params);
    } catch (error) {
      return codeOf(error) !== 'notConnected';
    }
    return true;
  }

  #keepResume(resume: string | undefined): void {
    if (resume) {
      this.#resume = resume;
      rememberResume({ token: resume, entry: this.#entryKey });
    }
  }

  #forgetResume(): void {
    forgetResume(this.#resume);
    this.#resume = undefined;
  }

  #shut(): void {
    forgetResume(this.#resume);
    this.#media.close();
    this.#closeChat();
    this.#connection.close();
  }
}

type Told =
  | 'answer'
  | 'peerFailed'
  | 'peerStalled'
  | 'devices'
  | 'picture'
  | 'preflight'
  | 'declineTerms'
  | 'answerConsent'
  | 'leave';

function codeOf(error: unknown): Problem {
  return error instanceof RequestError ? error.code : 'internal';
}
