/** Windows of technicians that are open, one for each account, and which sessions stand in whose list. */
import type { Console } from './session-context.ts';
import type { SessionRecord } from './store.ts';

export class Consoles {
  readonly #groupOf: (accountId: number) => string;
  readonly #byAccount = new Map<number, Console>();
  readonly #away = new Set<number>();

  /** @param groupOf the group whose queue an account sees */
  constructor(groupOf: (accountId: number) => string) {
    this.#groupOf = groupOf;
  }

  of(accountId: number): Console | undefined {
    return this.#byAccount.get(accountId);
  }

  /** @returns the window that this one takes over from */
  open(console: Console): Console | undefined {
    const older = this.#byAccount.get(console.account.id);
    this.#byAccount.set(console.account.id, console);
    return older;
  }

  close(accountId: number): void {
    this.#byAccount.delete(accountId);
    this.#away.delete(accountId);
  }

  all(): Iterable<Console> {
    return this.#byAccount.values();
  }

  /** Somebody of the group has a window open. */
  isStaffed(groupId: string): boolean {
    return [...this.#byAccount.keys()].some((accountId) => this.#groupOf(accountId) === groupId);
  }

  /** Takes no sessions from others. Forgotten with the window. */
  setAway(accountId: number, away: boolean): void {
    if (away) {
      this.#away.add(accountId);
    } else {
      this.#away.delete(accountId);
    }
  }

  isAway(accountId: number): boolean {
    return this.#away.has(accountId);
  }

  groupOf(accountId: number): string {
    return this.#groupOf(accountId);
  }

  /** A session is its technician's, or while it has none, everybody's of the group. */
  isOwn({ technicianId, groupId }: SessionRecord, accountId: number): boolean {
    return technicianId === null ? groupId === this.#groupOf(accountId) : technicianId === accountId;
  }

  /** It is offered to this account, alone or with its group. */
  isReceiver({ technicianId, transfer }: SessionRecord, accountId: number): boolean {
    return (
      transfer !== null &&
      technicianId !== accountId &&
      (transfer.technicianId === null
        ? transfer.groupId === this.#groupOf(accountId)
        : transfer.technicianId === accountId)
    );
  }

  isListed(record: SessionRecord, accountId: number): boolean {
    return this.isOwn(record, accountId) || this.isReceiver(record, accountId);
  }

  watchersOf(record: SessionRecord): Console[] {
    return [...this.#byAccount.values()].filter(({ account }) => this.isListed(record, account.id));
  }
}
