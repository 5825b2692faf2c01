/**
 * What every customer who comes in has written and read, compiled once: for a query of a few microseconds, building its text
 * anew costs ten times as much as running it. Knows Kysely and no engine, as `store-records.ts`.
 */
import { type Compilable, type Kysely, sql } from 'kysely';
import type { SessionId } from './protocol.ts';
import type { ConsentRecord, InvitationState, NewEvent, SessionRecord } from './store.ts';
import {
  type ConsentTable,
  fromConsent,
  fromEvent,
  fromSession,
  type InvitationRow,
  type SessionEventTable,
  type SessionTable,
  type Tables,
} from './store-rows.ts';

/** What an engine says to a statement. */
export type Answer = { rows: readonly unknown[]; changes: number; insertId: number };

/** Runs a statement on one connection, at once. Parameters in the order of their places in the text. */
export type Execute = (text: string, parameters: readonly unknown[]) => Answer;

/** Everything in the order of the columns that the statement was compiled with. */
export type Statements = {
  /** @returns whether there is such a session */
  updateSession(session: SessionRecord): boolean;
  /** @returns its id */
  insertEvent(sessionId: SessionId, event: NewEvent): number;
  insertConsent(consent: ConsentRecord): void;
  /** Ends the live invitation of the session, if there is one. */
  endInvitation(sessionId: SessionId, state: Exclude<InvitationState, 'live'>, endedAt: number): void;
  /** The same. @returns its sealed PIN, if it has one */
  endUnknownInvitation(
    sessionId: SessionId,
    state: Exclude<InvitationState, 'live'>,
    endedAt: number,
  ): string | undefined;
  isLivePin(mac: string): boolean;
};

/** Spelled as in the partial indices, without a parameter, or SQLite compiles the statement anew each time it is used. */
const IS_LIVE = sql<boolean>`state = 'live'`;

const textOf = (query: Compilable): string => query.compile().sql;

/** A column for each of `T` but its id: one that is missing here does not compile. */
type Columns<T> = Record<Exclude<keyof T, 'id'>, null>;

/** Kysely writes a place for every value that is not undefined, in the order of the keys. */
function places<T>(columns: Columns<T>): Record<keyof Columns<T>, never> {
  return columns as Record<keyof Columns<T>, never>;
}

/** The values in the same order. */
function valuesOf<T>(columns: Columns<T>, row: Record<keyof Columns<T>, unknown>): unknown[] {
  return (Object.keys(columns) as (keyof Columns<T>)[]).map((column) => row[column]);
}

const SESSION: Columns<SessionTable> = {
  ...{ technician_id: null, group_id: null, state: null, state_since: null, state_before: null },
  ...{ customer_missing: null, technician_missing: null, fields: null, channel: null, created_at: null },
  ...{ started_at: null, ended_at: null, dismissed: null, customer: null, resume_hash: null },
  rating: null,
  ...{ previous_resume_hash: null, transfer: null, outcome: null, notes: null },
};
const EVENT: Columns<SessionEventTable> = {
  ...{ session_id: null, at: null, actor: null, actor_name: null, type: null, data: null },
};
const CONSENT: Columns<ConsentTable> = {
  ...{ session_id: null, at: null, kind: null, accepted: null, withdrawn: null, terms_version: null },
  ...{ language: null, terms_hash: null, token_hash: null },
};

/** @param db only compiles */
export function compileStatements(db: Kysely<Tables>, execute: Execute): Statements {
  const updateSession = textOf(db.updateTable('session').set(places(SESSION)).where('id', '=', 0));
  const insertEvent = textOf(db.insertInto('session_event').values(places(EVENT)));
  const insertConsent = textOf(db.insertInto('consent').values(places(CONSENT)));
  const ending = db
    .updateTable('invitation')
    .set({ state: 'used', ended_at: 0 })
    .where('session_id', '=', 0)
    .where(IS_LIVE);
  const endInvitation = textOf(ending);
  const endUnknownInvitation = textOf(ending.returning('pin_sealed'));
  const livePin = textOf(db.selectFrom('invitation').select('id').where('pin_mac', '=', '').where(IS_LIVE));
  return {
    updateSession(session) {
      return execute(updateSession, [...valuesOf(SESSION, fromSession(session)), session.id]).changes === 1;
    },
    insertEvent(sessionId, event) {
      return execute(insertEvent, valuesOf(EVENT, fromEvent(sessionId, event))).insertId;
    },
    insertConsent(consent) {
      execute(insertConsent, valuesOf(CONSENT, fromConsent(consent)));
    },
    endInvitation(sessionId, state, endedAt) {
      execute(endInvitation, [state, endedAt, sessionId]);
    },
    endUnknownInvitation(sessionId, state, endedAt) {
      const [row] = execute(endUnknownInvitation, [state, endedAt, sessionId]).rows as Pick<
        InvitationRow,
        'pin_sealed'
      >[];
      return row?.pin_sealed ?? undefined;
    },
    isLivePin(mac) {
      return execute(livePin, [mac]).rows.length > 0;
    },
  };
}
