/**
 * One session in memory. Each change is one step: ask the state machine, write record, events and invitation in one
 * transaction, then show it to everybody concerned. Steps of a session never overlap, so the order on disk is the
 * order that people saw, and nothing is shown before it is on disk.
 */
import { Absences } from './absences.ts';
import { CameraWishes } from './camera-wishes.ts';
import { SessionChat } from './chat.ts';
import { SessionConsents } from './consents.ts';
import { SessionGuests } from './guests.ts';
import type { Participant } from './party-media.ts';
import { SessionPhotos } from './photos.ts';
import { PictureLog } from './picture-log.ts';
import { SessionPreflight } from './preflight.ts';
import type {
  CameraState,
  CustomerView,
  DeviceState,
  ErrorCode,
  InvitationMethod,
  PeerId,
  PictureState,
  Preflight,
  QualityReport,
  ServerEvent,
  SessionEvent,
  SessionEventType,
  SessionView,
} from './protocol.ts';
import {
  type Actor,
  type Change,
  type Console,
  CUSTOMER,
  type LoggedEvent,
  type LossCause,
  type SessionContext,
  SYSTEM,
} from './session-context.ts';
import { insertInvitation } from './session-invitation.ts';
import { SessionMedia } from './session-media.ts';
import { SessionQuality } from './session-quality.ts';
import { openRecording, type SessionRecording } from './session-recording.ts';
import { isEnded, type Party, settledState, transition } from './session-state.ts';
import {
  customerView,
  guestView,
  LIVE_PICTURE,
  NO_DEVICES,
  type Presence,
  technicianView,
} from './session-view.ts';
import { StillPace, showStill } from './stills.ts';
import type { Invitation, SessionRecord, StoreTransaction } from './store.ts';
import { iceServers } from './turn.ts';
import { type Note, Whiteboard } from './whiteboard.ts';

export class LiveSession {
  record: SessionRecord;
  invitation: Invitation | undefined;
  /** Pages that typed the PIN or opened the link and have not answered the terms yet. */
  readonly claimants = new Set<Participant>();
  /** Consoles that follow the log. */
  readonly followers = new Set<Participant>();
  readonly media: SessionMedia;
  readonly consents = new SessionConsents();
  readonly preflight = new SessionPreflight();
  readonly chat = new SessionChat();
  readonly whiteboard: Whiteboard;
  readonly cameraWishes: CameraWishes;
  readonly photos: SessionPhotos;
  readonly guests: SessionGuests;
  readonly recording: SessionRecording;
  /** Start is under way: it counts as active before it is on disk. */
  starting = false;
  readonly devices: Record<Party, DeviceState> = { customer: NO_DEVICES, technician: NO_DEVICES };
  /** What the phone last said that it sends; not on disk, the page says it again after a restart. */
  picture: PictureState = LIVE_PICTURE;
  readonly #pictureLog = new PictureLog();
  readonly #absences = new Absences();

  readonly #context: SessionContext;
  readonly #stillPace = new StillPace();
  readonly #quality = new SessionQuality();
  readonly #mediaLogged: Partial<Record<Party, SessionEventType>> = {};
  #customer: Participant | undefined;
  /** When somebody last did something. */
  #happenedAt = 0;
  /** The last step; the next one waits for it. */
  #step: Promise<unknown> = Promise.resolve();

  constructor(record: SessionRecord, invitation: Invitation | undefined, context: SessionContext) {
    this.record = record;
    this.invitation = invitation;
    this.#context = context;
    this.whiteboard = this.#openWhiteboard(context);
    this.cameraWishes = new CameraWishes({
      sessionId: record.id,
      ...{ now: context.now, later: context.later },
      active: () => settledState(this.record.machine) === 'active',
      page: (party) => this.#page(party),
    });
    this.photos = this.#openPhotos(context);
    this.guests = this.#openGuests(context);
    this.recording = openRecording(this, context, (by, work) => this.#note(by, work));
    this.media = new SessionMedia(
      record.id,
      context.plane,
      {
        connected: (party) => this.#logMedia(party, { type: 'mediaConnected', data: { party } }),
        failed: (party, reason) => this.#logMedia(party, { type: 'mediaFailed', data: { party, reason } }),
        silent: (party) => this.#follow(this.lose(party, 'noMedia', SYSTEM)),
        heard: (party) => this.#follow(this.#heard(party)),
      },
      context,
      (party) => iceServers(context.settings.turn, { sessionId: record.id, role: party }, context.now()),
    );
  }

  /** Since when nothing has been sent and nothing has happened; epoch milliseconds. Undefined while something is sent. */
  get idleSince(): number | undefined {
    const { camera, microphone } = this.devices.customer;
    const isQuiet = camera !== 'on' && microphone !== 'on' && this.devices.technician.microphone !== 'on';
    return isQuiet ? Math.max(this.#happenedAt, this.record.machine.since) : undefined;
  }

  /** What the parts of a session that pages work on have in common. */
  get #shared(): Pick<ConstructorParameters<typeof Whiteboard>[0], 'sessionId' | 'active' | 'page' | 'note'> {
    return {
      sessionId: this.record.id,
      active: () => settledState(this.record.machine) === 'active',
      page: (party) => this.#page(party),
      note: (by, work) =>
        this.#note(by === 'customer' ? CUSTOMER : { actor: by, actorName: this.technicianName }, work),
    };
  }

  #openWhiteboard({ store, now, later, settings }: SessionContext): Whiteboard {
    const customerDraws = () => settings.customersDraw(this.record.technicianId ?? 0);
    const onlookers = () => this.guests.participants;
    return new Whiteboard({ ...this.#shared, store, now, later, customerDraws, onlookers });
  }

  #openPhotos({ store, blob, now }: SessionContext): SessionPhotos {
    return new SessionPhotos({
      ...{ ...this.#shared, store, blob, now },
      ended: () => this.ended,
      refusal: () => this.consents.refusal('photos'),
    });
  }

  #openGuests({ secrets, now, settings: { origin } }: SessionContext): SessionGuests {
    return new SessionGuests({
      ...{ sessionId: this.record.id, secrets, now, origin },
      ended: () => this.ended,
      media: () => this.media,
      seen: () => guestView(this.record, this.#presence, this.#nickname),
      note: (by, work) => this.#note(by, work),
      show: () => this.show(),
    });
  }

  /** A step that no view of the session shows. */
  #note(by: Actor, work: (tx: StoreTransaction) => Promise<Note | undefined>): Promise<void> {
    return this.inStep(async () => {
      const at = this.#context.now();
      const written = await this.#context.store.transaction(
        async (tx) => {
          const note = await work(tx);
          const events = note?.events.map((event) => ({ at, ...by, ...event })) ?? [];
          return { note, appended: await tx.appendEvents(this.record.id, events) };
        },
        { shares: true },
      );
      this.tell(written.appended);
      written.note?.done();
    });
  }

  get ended(): boolean {
    return isEnded(this.record.machine.state);
  }

  get customer(): Participant | undefined {
    return this.#customer;
  }

  joinCustomer(participant: Participant, held: readonly PeerId[]): void {
    this.claimants.delete(participant);
    if (this.#customer !== participant) {
      this.#customer?.send({ type: 'superseded' });
    }
    this.#customer = participant;
    if (!held.some((peerId) => this.media.owns(peerId, 'customer'))) {
      this.#absences.reloaded('customer');
      this.cameraWishes.forget();
    }
    this.media.join('customer', participant, held);
  }

  /** True when it was this page that the session had. */
  leaveCustomer(participant: Participant): boolean {
    if (this.#customer !== participant) {
      return false;
    }
    this.#customer = undefined;
    this.media.leave('customer', participant);
    return true;
  }

  /** What a page says of its devices. Only what they do is due from it (`DeviceState`). */
  setDevices(party: Party, devices: DeviceState): void {
    this.devices[party] = devices;
    this.#absences.told(party, devices, this.#context.now());
    this.#expect(party);
  }

  /** What the phone's camera can do, and how it stands. */
  setCamera(state: CameraState): undefined {
    this.cameraWishes.setState(state);
    this.show();
  }

  setPicture(picture: PictureState): void {
    this.picture = picture;
    this.#expect('customer');
    const line =
      this.record.machine.state === 'active'
        ? this.#pictureLog.take(picture, this.#context.now())
        : undefined;
    if (line) {
      const { mode, cause } = line;
      this.#follow(
        this.apply({
          by: SYSTEM,
          events: [{ type: 'pictureChanged', data: { mode, cause } }],
          whileLive: true,
        }),
      );
    }
  }

  /** Kept in memory: the page looks again after a restart. What is bad enough to be asked about later is logged. */
  async setPreflight(preflight: Preflight): Promise<void> {
    const failed = this.preflight.take(preflight);
    const events = failed === '' ? [] : [{ type: 'preflightFailed', data: { checks: failed } } as const];
    await this.apply({ by: CUSTOMER, events, whileLive: true });
  }

  /** A picture that comes as stills over the socket is not due as video, and where no media get through, nothing is. */
  #expect(party: Party): void {
    const { microphone, camera } = this.devices[party];
    const { mode, cause } = party === 'customer' ? this.picture : LIVE_PICTURE;
    const isVideo = mode === 'video' || mode === 'reduced';
    this.media.expect(party, {
      audio: microphone === 'on' && cause !== 'blocked',
      video: camera === 'on' && isVideo,
    });
  }

  /** A party's socket or media are gone. */
  async lose(party: Party, cause: LossCause, by: Actor): Promise<void> {
    this.#absences.lost(party, cause, this.#context.now());
    await this.apply({ by, input: { type: 'lost', party } });
  }

  /** What was due is there again; the party is back if its page is. */
  async #heard(party: Party): Promise<void> {
    if (this.#page(party)) {
      await this.apply({ by: SYSTEM, input: { type: 'back', party } });
    }
  }

  /** Runs `work` after every earlier step of this session. */
  inStep<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#step.then(work);
    this.#step = result.catch(() => undefined);
    return result;
  }

  /**
   * @returns false, with nothing changed, when the state machine does not allow the input; else true once the
   *          change is durable and shown
   */
  apply(change: Change): Promise<boolean> {
    return this.inStep(() => this.#apply(change));
  }

  async #apply(change: Change): Promise<boolean> {
    const { store, directory, now } = this.#context;
    this.#happenedAt = now();
    const before = this.record.machine;
    const machine = change.input ? transition(before, change.input, now()) : before;
    if (!machine || (change.whileLive && isEnded(before.state))) {
      return false;
    }
    const moved = machine.state !== before.state;
    const events = [...(change.events ?? [])];
    if (moved) {
      const cause = change.input?.type ?? '';
      events.push({ type: 'stateChanged', data: { from: before.state, to: machine.state, cause } });
    }
    const quality = isEnded(machine.state) && !isEnded(before.state) ? this.#quality.summary : undefined;
    if (quality) {
      events.push({ type: 'qualitySummary', data: quality, ...SYSTEM });
    }
    const record: SessionRecord = { ...this.record, ...change.record, machine };
    if (machine.state !== 'transferring') {
      record.transfer = null;
    }
    const offeredBefore = this.record.transfer === null ? [] : [...this.#context.watchersOf(this.record)];
    if (moved && isEnded(machine.state)) {
      record.endedAt ??= now();
    }
    const nothingToWrite = machine === before && events.length === 0 && !change.record && !change.write;
    if (!nothingToWrite) {
      const at = now();
      const appended = await store.transaction(
        async (tx) => {
          if (machine !== before || change.record) {
            await tx.updateSession(record);
          }
          await change.write?.(tx);
          if (change.finishInvitation) {
            await directory.finish(tx, record.id, change.finishInvitation, at);
          }
          return tx.appendEvents(
            record.id,
            events.map((event) => ({ at, ...change.by, ...event })),
          );
        },
        { shares: true },
      );
      this.record = record;
      if (change.finishInvitation) {
        this.invitation = undefined;
      }
      this.tell(appended);
    }
    if (change.input?.type === 'back') {
      this.#absences.back(change.input.party);
    }
    change.done?.();
    if (moved && this.ended) {
      this.#follow(this.photos.over().then(() => this.guests.over()));
    }
    this.#leaveLists(offeredBefore);
    this.show();
    return true;
  }

  /** It was offered to these, and is no more. */
  #leaveLists(consoles: readonly Console[]): void {
    const listed = new Set(this.#context.watchersOf(this.record));
    for (const console of consoles) {
      if (!listed.has(console)) {
        console.participant.send({ type: 'sessionRemoved', sessionId: this.record.id });
      }
    }
  }

  /** Opens or widens the invitation. Undefined when no PIN is free. */
  openInvitation(method: InvitationMethod, by: Actor): Promise<boolean> {
    return this.inStep(async () => {
      const result = await this.#context.store.transaction(
        (tx) => insertInvitation(tx, this.record.id, method, by, this.#context),
        { shares: true },
      );
      if (!result) {
        return false;
      }
      this.invitation = result.invitation;
      this.tell(result.events);
      this.show();
      return true;
    });
  }

  // -------------------------------------------------------------- showing

  get #console(): Console | undefined {
    const { technicianId } = this.record;
    return technicianId === null ? undefined : this.#context.consoleOf(technicianId);
  }

  get #presence(): Presence {
    return {
      invitation: this.invitation,
      customerConnected: this.#customer !== undefined,
      // In a queue nobody is missing yet.
      technicianConnected: this.record.technicianId === null || this.#console !== undefined,
      consents: this.consents.shown,
      recording: this.recording.shown,
      queuePosition: this.#context.queuePositionOf(this.record),
      devices: this.devices,
      picture: this.picture,
      preflight: this.preflight.last,
      camera: this.cameraWishes.state,
      away: this.#absences.away,
      paused: this.#absences.paused,
      mediaReady: this.media.ready,
      guests: this.guests.views,
    };
  }

  get #nickname(): string {
    return this.#console?.account.nickname ?? '';
  }

  /** Empty while nobody has it or the console is closed. */
  get technicianName(): string {
    return this.#console?.account.name ?? '';
  }

  /** @param viewer account that looks; its own technician unless somebody else is named */
  technicianView(viewer?: number): SessionView {
    const isReceiver =
      viewer !== undefined && this.record.transfer !== null && viewer !== this.record.technicianId;
    return technicianView(this.record, this.#presence, this.#context.settings.origin(), isReceiver);
  }

  customerView(): CustomerView {
    return customerView(this.record, this.#presence, this.#nickname);
  }

  /** Media first: whoever is told that the session is active may send at once. */
  show(): void {
    this.recording.settle();
    this.media.settle(this.record.machine);
    for (const { participant, account } of this.#context.watchersOf(this.record)) {
      participant.send({ type: 'session', session: this.technicianView(account.id) });
    }
    this.#customer?.send({ type: 'customer', customer: this.customerView() });
    this.guests.show();
  }

  /** To the customer's page and to the console of the technician who has the session. */
  tellBoth(event: ServerEvent): void {
    this.#happenedAt = this.#context.now();
    this.tellParty('customer', event);
    this.tellParty('technician', event);
  }

  #page(party: Party): Participant | undefined {
    return party === 'customer' ? this.#customer : this.#console?.participant;
  }

  tellParty(party: Party, event: ServerEvent): void {
    this.#page(party)?.send(event);
  }

  /**
   * Passes a still on to the session's own console, under the rule for packets: only while the session is active. It is
   * kept nowhere; a console that is away or reads too slowly misses it.
   */
  still(jpeg: Uint8Array): ErrorCode | undefined {
    if (settledState(this.record.machine) !== 'active') {
      return 'wrongState';
    }
    if (!this.#stillPace.allows(this.#context.now())) {
      return 'tooManyMessages';
    }
    this.#console?.participant.sendStill(showStill(this.record.id, jpeg));
    return undefined;
  }

  /** What the technician's page says of picture and voice; only while there are any. */
  keepQuality(report: QualityReport): ErrorCode | undefined {
    if (settledState(this.record.machine) !== 'active') {
      return 'wrongState';
    }
    return this.#quality.take(report, this.#context.now()) ? undefined : 'tooManyMessages';
  }

  tell(events: readonly SessionEvent[]): void {
    this.recording.mark(events);
    for (const follower of this.followers) {
      for (const event of events) {
        follower.send({ type: 'log', event } satisfies ServerEvent);
      }
    }
  }

  /** Behind a firewall that lets nothing through each try fails; the log says it once. */
  #logMedia(party: Party, event: LoggedEvent): void {
    if (event.type === 'mediaFailed' && this.#mediaLogged[party] === 'mediaFailed') {
      return;
    }
    this.#mediaLogged[party] = event.type;
    this.#follow(this.apply({ by: SYSTEM, events: [event], whileLive: true }));
  }

  /** Media events have nobody to answer to. */
  #follow(step: Promise<unknown>): void {
    step.catch((error: unknown) => {
      this.#context.log.error({ err: error, sessionId: this.record.id }, 'mediaEventNotStored');
    });
  }
}
