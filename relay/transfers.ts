/**
 * Sessions that one technician hands over to another, or to a group: offered, taken by Start, refused, or ended because nobody is
 * there to take it any more. Who may take one is asked again when it is taken.
 */
import type { Consoles } from './consoles.ts';
import type { LiveSession } from './live-session.ts';
import type { Account, ErrorCode, Receivers, SessionView, TechnicianStatus } from './protocol.ts';
import { type SessionContext, SYSTEM, technicianActor } from './session-context.ts';
import type { Transfer } from './store.ts';

export type TransferTarget = { technicianId: number } | { groupId: string };

/** What transfers need of the sessions. */
export type Held = {
  all(): Iterable<LiveSession>;
  /** Has as many active sessions as allowed, this one not counted. */
  isBusy(accountId: number, besides?: LiveSession): boolean;
};

export class Transfers {
  readonly #context: SessionContext;
  readonly #consoles: Consoles;
  readonly #held: Held;

  constructor(context: SessionContext, consoles: Consoles, held: Held) {
    this.#context = context;
    this.#consoles = consoles;
    this.#held = held;
  }

  setAway(accountId: number, away: boolean): TechnicianStatus {
    this.#consoles.setAway(accountId, away);
    return this.statusOf(accountId);
  }

  statusOf(accountId: number): TechnicianStatus {
    if (!this.#consoles.of(accountId)) {
      return 'offline';
    }
    return this.#consoles.isAway(accountId) ? 'away' : this.#held.isBusy(accountId) ? 'busy' : 'online';
  }

  /** Everybody but the one who asks. */
  async receivers(account: Account): Promise<Receivers> {
    const accounts = (await this.#context.store.accounts()).filter(
      ({ id, enabled }) => enabled && id !== account.id,
    );
    return {
      technicians: accounts.map(({ id, name }) => ({ id, name, status: this.statusOf(id) })),
      groups: this.#context.settings.groups().map(({ id, name }) => ({
        id,
        name,
        online: this.#onlineOf(id, account.id).length,
      })),
    };
  }

  async offer(
    account: Account,
    session: LiveSession,
    to: TransferTarget,
    comment: string,
  ): Promise<SessionView | ErrorCode> {
    const target = this.#target(account, to);
    if (!target) {
      return 'receiverUnavailable';
    }
    if (session.record.technicianId !== account.id) {
      return 'wrongState';
    }
    const transfer: Transfer = { ...target, from: account.name, comment };
    const done = await session.apply({
      by: technicianActor(account),
      input: { type: 'transferOffered' },
      record: { transfer },
      events: [{ type: 'transferOffered', data: { to: transfer.to, comment } }],
    });
    return done ? session.technicianView(account.id) : 'wrongState';
  }

  /** Start, of a session that is offered: its own technician keeps it, whoever it is offered to has it from now on. */
  async take(account: Account, session: LiveSession): Promise<SessionView | ErrorCode> {
    const { technicianId, transfer } = session.record;
    const by = technicianActor(account);
    if (technicianId === account.id) {
      const kept = await this.#end(session, by, 'cancelled');
      return kept ? session.technicianView(account.id) : 'wrongState';
    }
    if (this.#held.isBusy(account.id, session)) {
      return 'tooManyActiveSessions';
    }
    const older = technicianId === null ? undefined : this.#consoles.of(technicianId);
    const taken = await session.apply({
      by,
      input: { type: 'transferAccepted' },
      record: { technicianId: account.id, startedAt: session.record.startedAt ?? this.#context.now() },
      events: [{ type: 'transferTaken', data: { from: transfer?.from ?? '', by: account.name } }],
      done: () => {
        if (older) {
          session.media.leave('technician', older.participant);
          session.followers.delete(older.participant);
          older.participant.send({ type: 'sessionRemoved', sessionId: session.record.id });
        }
        session.setDevices('technician', { microphone: 'none', camera: 'none' });
        const console = this.#consoles.of(account.id);
        if (console) {
          session.media.join('technician', console.participant, []);
        }
      },
    });
    return taken ? session.technicianView(account.id) : 'sessionTaken';
  }

  async refuse(account: Account, session: LiveSession): Promise<ErrorCode | undefined> {
    if (session.record.transfer?.technicianId !== account.id) {
      return 'wrongState';
    }
    return (await this.#end(session, technicianActor(account), 'refused')) ? undefined : 'wrongState';
  }

  /** Called every second and when a window closes: what nobody can take any more goes back. */
  async settle(): Promise<void> {
    for (const session of this.#held.all()) {
      const { transfer, technicianId } = session.record;
      if (
        transfer &&
        (transfer.technicianId === null
          ? this.#onlineOf(transfer.groupId, technicianId ?? 0).length === 0
          : !this.#consoles.of(transfer.technicianId))
      ) {
        await this.#end(session, SYSTEM, 'gone');
      }
    }
  }

  #end(
    session: LiveSession,
    by: Parameters<LiveSession['apply']>[0]['by'],
    how: 'cancelled' | 'refused' | 'gone',
  ): Promise<boolean> {
    const { to = '' } = session.record.transfer ?? {};
    return session.apply({
      by,
      input: { type: 'transferWithdrawn' },
      events: [{ type: 'transferEnded', data: { how, to } }],
    });
  }

  #target(
    account: Account,
    to: TransferTarget,
  ): Pick<Transfer, 'technicianId' | 'groupId' | 'to'> | undefined {
    if ('technicianId' in to) {
      const console = this.#consoles.of(to.technicianId);
      return console && to.technicianId !== account.id && this.statusOf(to.technicianId) === 'online'
        ? { technicianId: to.technicianId, groupId: '', to: console.account.name }
        : undefined;
    }
    const group = this.#context.settings.groups().find(({ id }) => id === to.groupId);
    return group && this.#onlineOf(group.id, account.id).length > 0
      ? { technicianId: null, groupId: group.id, to: group.name }
      : undefined;
  }

  #onlineOf(groupId: string, besides: number): number[] {
    return [...this.#consoles.all()]
      .map(({ account }) => account.id)
      .filter(
        (id) => id !== besides && this.#consoles.groupOf(id) === groupId && this.statusOf(id) === 'online',
      );
  }
}
