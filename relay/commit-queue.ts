/**
 * Transactions one after the other, and when they are on disk. Those that wait together share a commit, and commits that come while the
 * disk is busy share its next turn: waiting for the disk costs a fraction of a millisecond at best and twenty at
 * worst, whatever there is to write, and the front must not stand still meanwhile. Knows Kysely and no engine.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';
import type { StoreTransaction } from './store.ts';
import { begin, finish } from './store-records.ts';
import type { Tables } from './store-rows.ts';
import type { Statements } from './store-statements.ts';

/** Transactions under one commit: none of them waits long for the others, some 0.1 ms each. */
const BATCH_MAX = 64;

export type Engine = {
  database: { readonly open: boolean; readonly inTransaction: boolean; exec(text: string): unknown };
  kysely: Kysely<Tables>;
  statements: Statements;
  /** Calls back when everything that was committed before the call is on disk. */
  sync(done: (error: Error | null) => void): void;
};

/** A transaction that waits for its turn. */
type Queued = {
  shares: boolean;
  work: (tx: StoreTransaction) => Promise<unknown>;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
};

/** A transaction whose work is done, but not on disk yet. */
type Done = { tx: StoreTransaction; result: unknown; queued: Queued };

/** Each transaction has a savepoint of its own, so one that throws takes nothing else with it. */
export class CommitQueue {
  readonly #engine: Engine;
  readonly #waiting: Queued[] = [];
  /** Settles when nothing waits for its turn any more. */
  #draining: Promise<void> | undefined;
  /** Committed: others can read it already, but a power cut would undo it. */
  #committed: Done[] = [];
  /** Settles when all that was committed is on disk. */
  #syncing: Promise<void> | undefined;
  #broken: Error | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add<T>(work: (tx: StoreTransaction) => Promise<T>, shares: boolean): Promise<T> {
    if (this.#broken) {
      return Promise.reject(this.#broken);
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, shares, resolve: resolve as (result: unknown) => void, reject });
      this.#draining ??= this.#drain();
    });
  }

  async idle(): Promise<void> {
    await this.#draining;
    await this.#syncing;
  }

  async #drain(): Promise<void> {
    // All that the sockets have brought in this turn of the event loop comes under the same commit.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const done = await this.#commit(this.#waiting.splice(0, this.#nextBatch()));
      if (done.length > 0) {
        this.#committed.push(...done);
        this.#syncing ??= this.#sync();
      }
    }
    this.#draining = undefined;
  }

  /** How many of those that wait come next: one that does not share, or as many in a row as do. */
  #nextBatch(): number {
    const alone = this.#waiting.findIndex(({ shares }) => !shares);
    return Math.min(alone < 0 ? this.#waiting.length : Math.max(1, alone), BATCH_MAX);
  }

  /** @returns those that are committed */
  async #commit(batch: readonly Queued[]): Promise<Done[]> {
    const { kysely, database } = this.#engine;
    const done: Done[] = [];
    let at = 0;
    try {
      await kysely.transaction().execute(async (transaction) => {
        for (; at < batch.length; at++) {
          const queued = batch[at];
          if (queued !== undefined) {
            await this.#run(transaction, queued, done);
          }
        }
      });
      return done;
    } catch (error) {
      // Kysely's own rollback fails where SQLite has rolled back by itself, and is missing where `commit` has failed.
      if (database.open && database.inTransaction) {
        database.exec('rollback');
      }
      refuse(done, error);
      // Whoever did not get a turn is not touched by what happened to the others.
      batch[at]?.reject(error);
      this.#waiting.unshift(...batch.slice(at + 1));
      return [];
    }
  }

  /** @throws when SQLite has given up the whole transaction, as it does with a full disk */
  async #run(transaction: Transaction<Tables>, queued: Queued, done: Done[]): Promise<void> {
    const { database, statements } = this.#engine;
    database.exec('savepoint work');
    const tx = begin(transaction, statements);
    try {
      const result = await queued.work(tx);
      database.exec('release work');
      done.push({ tx, queued, result });
    } catch (error) {
      finish(tx, false);
      if (!database.inTransaction) {
        throw error;
      }
      database.exec('rollback to work');
      database.exec('release work');
      queued.reject(error);
    }
  }

  async #sync(): Promise<void> {
    while (this.#committed.length > 0) {
      const done = this.#committed;
      this.#committed = [];
      const error = await new Promise<Error | null>((resolve) => this.#engine.sync(resolve));
      if (error) {
        // What is in the database and not on the disk cannot be taken back, nor can it be known: nothing is answered any more.
        this.#broken = error;
        refuse([...done, ...this.#committed.splice(0)], error);
      } else {
        for (const { tx, queued, result } of done) {
          finish(tx, true);
          queued.resolve(result);
        }
      }
    }
    this.#syncing = undefined;
  }
}

function refuse(done: readonly Done[], error: unknown): void {
  for (const { tx, queued } of done) {
    finish(tx, false);
    queued.reject(error);
  }
}
