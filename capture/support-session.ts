import { Adaptation } from '../relay/client/adaptation.ts';
import { Connection, type ConnectionStatus, RequestError } from '../relay/client/connection.ts';
import { type LocalTracks, MediaPeer, supportedVideoCodecs } from '../relay/client/media.ts';
import {
  type ClaimResult,
  type CustomerView,
  type DeviceState,
  type ErrorCode,
  type HelloResult,
  type Language,
  type Params,
  type PictureState,
  PROTOCOL_VERSION,
  type ServerEvent,
  type SessionId,
  STILL_FRAME,
  WEBSOCKET_PATH,
} from '../relay/protocol.ts';
import { forgetResume, newResumeToken, recallResume, rememberResume } from './resume.ts';

/** How a customer comes in. */
export type Invitation = { pin: string } | { token: string };

export type Problem = ErrorCode | 'notConnected';

/** Where the customer stands with the relay; `over`, `declined` and `gone` are final for this page. */
export type Standing =
  | { kind: 'outside' }
  /** A stored session is being continued. */
  | { kind: 'resuming' }
  | { kind: 'claimed'; claim: ClaimResult }
  | { kind: 'inside'; sessionId: SessionId; customer: CustomerView }
  | { kind: 'over'; customer: CustomerView }
  | { kind: 'declined' }
  | { kind: 'gone'; why: ErrorCode | 'superseded' };

export type SupportSessionEvents = {
  changed: () => void;
  remoteAudio: (track: MediaStreamTrack) => void;
};

const NO_DEVICES: DeviceState = { microphone: 'none', camera: 'none' };
const DEVICE_KEYS = ['microphone', 'camera', 'pausedBy'] as const;

/** Refusals after which the PIN or link is of no more use. */
const SPENT: ReadonlySet<Problem> = new Set([
  'pinUnknown',
  'linkUnknown',
  'linkExpired',
  'linkUsed',
  'throttled',
]);

/**
 * The customer's side of one support session: invitation, terms, phases and when media may flow. It owns the socket
 * and the media connections; the page owns the camera and hands its tracks over.
 */
export class SupportSession {
  readonly #events: SupportSessionEvents;
  readonly #connection: Connection;
  readonly #media: MediaPeer;
  readonly #adaptation: Adaptation;
  readonly #linkToken: string | undefined;
  /** The link in the address bar. */
  readonly #openedByLink: string | undefined;
  #language: Language;
  #standing: Standing = { kind: 'outside' };
  #invitation: Invitation | undefined;
  #problem: Problem | undefined;
  #busy = false;
  #leaving = false;
  #resume: string | undefined;
  #mediaState: RTCPeerConnectionState = 'new';
  #tracks: LocalTracks = { audio: null, video: null };
  /** Undefined until the camera was opened or could not be. */
  #devices: DeviceState | undefined;

  /** @param linkToken of the invitation that the page was opened with; a new one beats an interrupted session */
  constructor(language: Language, linkToken: string | undefined, events: SupportSessionEvents) {
    this.#language = language;
    this.#events = events;
    this.#openedByLink = linkToken;
    const stored = recallResume(linkToken);
    this.#linkToken = linkToken ?? stored?.linkToken;
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
      onStatus: () => this.#events.changed(),
    });
    this.#media = new MediaPeer({
      answer: (peerId, sdp) => void this.#answer(peerId, sdp),
      failed: (peerId) => {
        this.#adaptation.failed();
        void this.#tell('peerFailed', { peerId });
      },
      stalled: (peerId) => {
        void this.#tell('peerStalled', { peerId });
        // What silenced the media may have killed the socket too.
        this.#connection.check();
      },
      track: (track) => {
        if (track.kind === 'audio') {
          this.#events.remoteAudio(track);
        }
      },
      state: (state) => {
        this.#mediaState = state;
        this.#adaptation.connected(state === 'connected');
        this.#events.changed();
      },
    });
    this.#adaptation = new Adaptation({
      stats: () => this.#media.stats(),
      shape: (shape) => this.#media.shape(shape),
      picture: () => {
        this.#tellPicture();
        this.#events.changed();
      },
      sendStill: (jpeg) => this.#connection.sendBinary(STILL_FRAME, jpeg),
    });
  }

  get standing(): Standing {
    return this.#standing;
  }

  get connection(): ConnectionStatus {
    return this.#connection.status;
  }

  get mediaState(): RTCPeerConnectionState {
    return this.#mediaState;
  }

  /** What the technician gets to see of the camera, and why not more. */
  get picture(): PictureState {
    return this.#adaptation.picture;
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
        devices: this.#devices ?? NO_DEVICES,
        browser,
        resume,
      });
      this.#invitation = undefined;
      this.#enter(sessionId, customer);
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
    this.#adaptation.rest();
    this.#media.close();
    forgetResume(this.#resume);
    this.#leaving = true;
    this.#sayGoodbye();
    this.#events.changed();
  }

  /** What the camera has; what of it leaves the phone is decided by the phase of the session alone. */
  offerMedia(tracks: LocalTracks, devices: DeviceState): void {
    this.#tracks = tracks;
    const before = this.#devices;
    this.#devices = devices;
    this.#applyMedia();
    if (DEVICE_KEYS.some((key) => before?.[key] !== devices[key])) {
      this.#tellDevices();
    }
  }

  #greeted(result: HelloResult): void {
    if (this.#leaving) {
      this.#sayGoodbye();
      return;
    }
    if (result.customer && result.sessionId !== undefined) {
      this.#keepResume(result.resume);
      this.#enter(result.sessionId, result.customer);
      this.#tellDevices();
      this.#tellPicture();
      this.#media.check();
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
    if (error.code === 'resumeUnknown' && this.#standing.kind === 'resuming' && this.#openedByLink) {
      // The link itself knows best what became of it.
      this.#forgetResume();
      this.#standing = { kind: 'outside' };
      this.#connection.open();
      this.claim({ token: this.#openedByLink });
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
        if (this.#standing.kind === 'inside') {
          void this.#media.offer(event.peerId, event.sdp, event.iceServers);
        }
        break;
      case 'candidates':
        void this.#media.candidates(event.peerId, event.candidates);
        break;
      case 'peerClosed':
        this.#media.peerClosed(event.peerId);
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
          : await this.#connection.request('claimLink', invitation);
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
    this.#applyMedia();
    this.#events.changed();
  }

  #end(standing: Standing): void {
    this.#standing = standing;
    this.#shut();
    this.#events.changed();
  }

  /** Nothing leaves the phone unless the session is active. */
  #applyMedia(): void {
    const isActive = this.#standing.kind === 'inside' && this.#standing.customer.phase === 'active';
    this.#media.send(isActive ? this.#tracks : { audio: null, video: null }).catch(() => {
      // A track that ended in this very moment; the camera reports it and hands over the next one.
    });
    this.#media.expectRemote(isActive && this.#technicianSends());
    if (isActive) {
      this.#adaptation.run(this.#tracks.video);
    } else {
      this.#adaptation.rest();
    }
  }

  #tellPicture(): void {
    if (this.#standing.kind === 'inside') {
      const { picture } = this.#adaptation;
      void this.#tell('picture', { sessionId: this.#standing.sessionId, picture });
    }
  }

  /** Something of the technician is due now; while they are away nothing is. */
  #technicianSends(): boolean {
    if (this.#standing.kind !== 'inside') {
      return false;
    }
    const { technicianConnected, technicianDevices, interruption } = this.#standing.customer;
    return (
      technicianConnected && interruption?.party !== 'technician' && technicianDevices.microphone === 'on'
    );
  }

  /** A peer whose answer did not arrive will never be up; the relay offers another one. */
  async #answer(peerId: string, sdp: string): Promise<void> {
    try {
      await this.#connection.request('answer', { peerId, sdp });
    } catch {
      this.#media.peerClosed(peerId);
    }
  }

  #tellDevices(): void {
    if (this.#standing.kind === 'inside' && this.#devices) {
      void this.#tell('devices', { sessionId: this.#standing.sessionId, devices: this.#devices });
    }
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
      rememberResume({ token: resume, linkToken: this.#linkToken });
    }
  }

  #forgetResume(): void {
    forgetResume(this.#resume);
    this.#resume = undefined;
  }

  #shut(): void {
    forgetResume(this.#resume);
    this.#adaptation.rest();
    this.#media.close();
    this.#connection.close();
  }
}

type Told = 'peerFailed' | 'peerStalled' | 'devices' | 'picture' | 'declineTerms' | 'leave';

function codeOf(error: unknown): Problem {
  return error instanceof RequestError ? error.code : 'internal';
}
