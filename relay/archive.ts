/** Sessions that are over: the list, the search in it, and all that is kept of one. */
import { type Failure, fail } from './outcome.ts';
import type { ArchivePage, KeptPhoto, PastSession, SessionId, SessionRecordView } from './protocol.ts';
import { ARCHIVE_PAGE_SESSIONS } from './protocol.ts';
import type { AccountRecord, PhotoRecord, SessionRecord, Store } from './store.ts';

/** Read from the disk at a time. Between two batches whatever else waits has its turn, above all the pages that send media. */
const BATCH_SESSIONS = 500;
/** A search goes so far back by itself; the page asks again for what lies before. */
const SCAN_MAX_SESSIONS = 10_000;

export type ArchiveStore = Pick<
  Store,
  'pastSessions' | 'session' | 'events' | 'chat' | 'photos' | 'consents' | 'accounts'
>;

export class Archive {
  readonly #store: ArchiveStore;

  constructor(store: ArchiveStore) {
    this.#store = store;
  }

  /**
   * Past sessions of a technician, of everybody for an administrator, in which all words of `search` occur, whatever the case.
   * @param before goes on from there; undefined for the newest
   * @returns up to `ARCHIVE_PAGE_SESSIONS`, perhaps none although there are more before: then `before` is set
   */
  async search(
    account: Pick<AccountRecord, 'id' | 'role'>,
    { search, before }: { search: string; before?: SessionId | undefined },
  ): Promise<ArchivePage> {
    const words = folded(search)
      .split(/\s+/)
      .filter((word) => word !== '');
    const technicianId = account.role === 'administrator' ? undefined : account.id;
    const names = await this.#names();
    const found: PastSession[] = [];
    let from = before;
    for (let read = 0; read < SCAN_MAX_SESSIONS; read += BATCH_SESSIONS) {
      const batch = await this.#store.pastSessions({ technicianId, before: from, limit: BATCH_SESSIONS });
      for (const record of batch) {
        const session = pastSession(record, names);
        from = record.id;
        if (matches(session, record.notes, words) && found.push(session) === ARCHIVE_PAGE_SESSIONS) {
          return { sessions: found, before: from };
        }
      }
      if (batch.length < BATCH_SESSIONS) {
        return { sessions: found };
      }
      await new Promise(setImmediate);
    }
    return from === undefined ? { sessions: found } : { sessions: found, before: from };
  }

  /** One's own session, any for an administrator; also one that still goes on. */
  async record(
    account: Pick<AccountRecord, 'id' | 'role'>,
    id: SessionId,
  ): Promise<SessionRecordView | Failure> {
    const record = await this.#store.session(id);
    if (!record || (account.role !== 'administrator' && record.technicianId !== account.id)) {
      return fail('noSuchSession');
    }
    const [names, events, chat, photos, consents] = await Promise.all([
      this.#names(),
      this.#store.events(id),
      this.#store.chat(id),
      this.#store.photos(id),
      this.#store.consents(id),
    ]);
    return {
      ...pastSession(record, names),
      notes: record.notes,
      comment: record.rating?.comment ?? '',
      browser: record.customer?.browser ?? '',
      ...(record.customer ? { language: record.customer.language } : {}),
      events,
      chat,
      photos: photos.flatMap((photo) => keptPhoto(photo) ?? []),
      consents: consents.map(({ sessionId: _, ...entry }) => entry),
    };
  }

  async #names(): Promise<Map<number, string>> {
    return new Map((await this.#store.accounts()).map(({ id, name }) => [id, name]));
  }
}

function pastSession(record: SessionRecord, names: ReadonlyMap<number, string>): PastSession {
  const { id, machine, fields, channel, createdAt, startedAt, endedAt, outcome, rating } = record;
  return {
    ...{ id, state: machine.state, fields, channel, createdAt },
    technician: names.get(record.technicianId ?? 0) ?? '',
    ...(startedAt === null ? {} : { startedAt }),
    ...(endedAt === null ? {} : { endedAt }),
    ...(outcome === null ? {} : { outcome }),
    ...(rating === null ? {} : { stars: rating.stars }),
  };
}

/** Undefined for one that never came whole. */
function keptPhoto({ id, source, at, kept, file, marks }: PhotoRecord): KeptPhoto | undefined {
  if (!kept || !file) {
    return undefined;
  }
  const { type, bytes, width, height } = file;
  return { id, source, at, file: { type, bytes, width, height }, marks };
}

function matches({ id, fields, technician, channel }: PastSession, notes: string, words: string[]): boolean {
  if (words.length === 0) {
    return true;
  }
  const { name, phone, email, ticketId, custom } = fields;
  const text = folded(
    [id, name, phone, email, ticketId, ...Object.values(custom), technician, channel, notes].join('\n'),
  );
  return words.every((word) => text.includes(word));
}

/** "Müller" is found by "muller" and "MÜLLER". */
function folded(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
}
