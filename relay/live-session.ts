/**
 * One session in memory. Each change is one step: ask the state machine, write record, events and invitation in one
 * transaction, then show it to everybody concerned. Steps of a session never overlap, so the order on disk is the
 * order that people saw, and nothing is shown before it is on disk.
 */
import type { Log } from './log.ts';
import type { MediaPlane } from './media-plane.ts';
import type { Participant } from './party-media.ts';
import type {
  Account,
  CustomerView,
  DeviceState,
  ErrorCode,
  EventData,
  InvitationMethod,
  PeerId,
  PictureState,
  ServerEvent,
  SessionEvent,
  SessionEventType,
  SessionView,
} from './protocol.ts';
import { type Clock, SessionMedia } from './session-media.ts';
import { isEnded, type Party, type SessionInput, settledState, transition } from './session-state.ts';
import {
  type Away,
  customerView,
  LIVE_PICTURE,
  NO_DEVICES,
  type Presence,
  technicianView,
} from './session-view.ts';
import { StillPace, showStill } from './stills.ts';
import type {
  Directory,
  Invitation,
  InvitationState,
  SessionRecord,
  Store,
  StoreTransaction,
} from './store.ts';
import { iceServers, type TurnSettings } from './turn.ts';

export type SessionSettings = {
  /** Scheme, host and port under which customers reach this relay. */
  origin: () => string;
  invitationMs: number;
  offlineMs: number;
  maxActiveSessions: number;
  turn: TurnSettings;
};

/** The window in which a technician works, if one is open. */
export type Console = { participant: Participant; account: Account };

export type SessionContext = Clock & {
  store: Store;
  directory: Directory;
  plane: MediaPlane;
  log: Log;
  settings: SessionSettings;
  consoleOf(technicianId: number): Console | undefined;
};

export type Actor = Pick<SessionEvent, 'actor' | 'actorName'>;

export const SYSTEM: Actor = { actor: 'system', actorName: '' };
export const CUSTOMER: Actor = { actor: 'customer', actorName: '' };

export function technicianActor(account: Account): Actor {
  return { actor: 'technician', actorName: account.name };
}

/** What the relay itself knows of a loss; what the page said before may explain it better. */
export type LossCause = 'connection' | 'left' | 'noMedia' | 'relay';

export type LoggedEvent = { type: SessionEventType; data: EventData };

export type Change = {
  by: Actor;
  input?: SessionInput;
  events?: readonly LoggedEvent[];
  record?: Partial<Omit<SessionRecord, 'id' | 'machine'>>;
  /** Refused once the session is over: what happens late is not part of it. */
  whileLive?: true;
  /** How the live invitation ends with this change. */
  finishInvitation?: Exclude<InvitationState, 'live'>;
  /** More that belongs into the same transaction. */
  write?: (tx: StoreTransaction) => Promise<void>;
  /** Runs when the change is on disk and before anybody is shown it. */
  done?: () => void;
};

export class LiveSession {
  record: SessionRecord;
  invitation: Invitation | undefined;
  /** Pages that typed the PIN or opened the link and have not answered the terms yet. */
  readonly claimants = new Set<Participant>();
  /** Consoles that follow the log. */
  readonly followers = new Set<Participant>();
  readonly media: SessionMedia;
  /** Start is under way: it counts as active before it is on disk. */
  starting = false;
  readonly devices: Record<Party, DeviceState> = { customer: NO_DEVICES, technician: NO_DEVICES };
  /** What the phone last said that it sends; not on disk, the page says it again after a restart. */
  picture: PictureState = LIVE_PICTURE;
  /** Why a party counts as lost, while it does. */
  readonly #away: Record<Party, Away | undefined> = { customer: undefined, technician: undefined };
  /** Why a party's devices are paused, when no person did it. */
  readonly #paused: Record<Party, Away | undefined> = { customer: undefined, technician: undefined };

  readonly #context: SessionContext;
  readonly #stillPace = new StillPace();
  readonly #mediaLogged: Partial<Record<Party, SessionEventType>> = {};
  #customer: Participant | undefined;
  /** The last step; the next one waits for it. */
  #step: Promise<unknown> = Promise.resolve();

  constructor(record: SessionRecord, invitation: Invitation | undefined, context: SessionContext) {
    this.record = record;
    this.invitation = invitation;
    this.#context = context;
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
      // A page that was just loaded: what the one before said of its devices is over.
      this.#paused.customer = undefined;
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
    const { pausedBy } = devices;
    this.devices[party] = devices;
    if (pausedBy === 'hidden' || pausedBy === 'interrupted') {
      const reason = pausedBy === 'hidden' ? 'hidden' : 'call';
      const before = this.#paused[party];
      this.#paused[party] =
        before?.reason === reason ? before : { reason, since: before?.since ?? this.#context.now() };
    } else {
      this.#paused[party] = undefined;
    }
    this.#expect(party);
  }

  setPicture(picture: PictureState): void {
    this.picture = picture;
    this.#expect('customer');
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

  /** A party's socket or media are gone. The last reason counts, the time of the first one. */
  async lose(party: Party, cause: LossCause, by: Actor): Promise<void> {
    const told = cause === 'left' || cause === 'relay' ? undefined : this.#paused[party]?.reason;
    const since = this.#away[party]?.since ?? this.#context.now();
    this.#away[party] = { reason: told ?? cause, since };
    await this.apply({ by, input: { type: 'lost', party } });
  }

  /** What was due is there again; the party is back if its page is. */
  async #heard(party: Party): Promise<void> {
    const page = party === 'customer' ? this.#customer : this.#console;
    if (page) {
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
    const record: SessionRecord = { ...this.record, ...change.record, machine };
    if (moved && isEnded(machine.state)) {
      record.endedAt ??= now();
    }
    const nothingToWrite = machine === before && events.length === 0 && !change.record && !change.write;
    if (!nothingToWrite) {
      const at = now();
      const appended = await store.transaction(async (tx) => {
        await tx.updateSession(record);
        await change.write?.(tx);
        if (change.finishInvitation) {
          await directory.finish(tx, record.id, change.finishInvitation, at);
        }
        return tx.appendEvents(
          record.id,
          events.map((event) => ({ at, ...change.by, ...event })),
        );
      });
      this.record = record;
      if (change.finishInvitation) {
        this.invitation = undefined;
      }
      this.tell(appended);
    }
    if (change.input?.type === 'back') {
      this.#away[change.input.party] = undefined;
    }
    change.done?.();
    this.show();
    return true;
  }

  /** Opens or widens the invitation. Undefined when no PIN is free. */
  openInvitation(method: InvitationMethod, by: Actor): Promise<boolean> {
    return this.inStep(async () => {
      const result = await this.#context.store.transaction((tx) =>
        insertInvitation(tx, this.record.id, method, by, this.#context),
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
    return this.#context.consoleOf(this.record.technicianId);
  }

  get #presence(): Presence {
    return {
      invitation: this.invitation,
      customerConnected: this.#customer !== undefined,
      technicianConnected: this.#console !== undefined,
      devices: this.devices,
      picture: this.picture,
      away: this.#away,
      paused: this.#paused,
      mediaReady: this.media.ready,
    };
  }

  technicianView(): SessionView {
    return technicianView(this.record, this.#presence, this.#context.settings.origin());
  }

  customerView(): CustomerView {
    return customerView(this.record, this.#presence, this.#console?.account.nickname ?? '');
  }

  /** Media first: whoever is told that the session is active may send at once. */
  show(): void {
    this.media.settle(this.record.machine);
    this.#console?.participant.send({ type: 'session', session: this.technicianView() });
    this.#customer?.send({ type: 'customer', customer: this.customerView() });
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

  tell(events: readonly SessionEvent[]): void {
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

/** Invitation and its log line in the caller's transaction. Undefined when no PIN is free. */
export async function insertInvitation(
  tx: StoreTransaction,
  sessionId: number,
  method: InvitationMethod,
  by: Actor,
  { directory, now, settings }: Pick<SessionContext, 'directory' | 'now' | 'settings'>,
): Promise<{ invitation: Invitation; events: SessionEvent[] } | undefined> {
  const at = now();
  const invitation = await directory.open(tx, {
    sessionId,
    pin: method === 'pin',
    link: method === 'link',
    expiresAt: at + settings.invitationMs,
    now: at,
  });
  if (!invitation) {
    return undefined;
  }
  // The digits themselves are not in the log on disk: it is kept for long and copied into backups.
  const data: EventData =
    method === 'pin' ? { pinEnd: (invitation.pin ?? '').slice(-2) } : { expiresAt: invitation.expiresAt };
  const type = method === 'pin' ? 'pinCreated' : 'linkCreated';
  const events = await tx.appendEvents(sessionId, [{ at, ...by, type, data }]);
  return { invitation, events };
}
