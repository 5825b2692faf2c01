/**
 * A process to be killed: inserts sessions with their events and PINs as fast as it can and prints a line for each that
 * was answered, that is, whose transaction has resolved. Arguments: path of the database.
 */
import { writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { openSqliteDirectory } from '../../relay/directory-sqlite.ts';
import { readSecrets } from '../../relay/secrets.ts';
import { openSqliteStore } from '../../relay/store-sqlite.ts';
import { sampleAccount, sampleEvent, sampleSession } from './contract/samples.ts';

const [, , path = ''] = process.argv;
/** So that some transactions are always waiting in the queue. */
const AT_ONCE = 4;

const store = await openSqliteStore(path);
const directory = await openSqliteDirectory(store, readSecrets(dirname(path)), Date.now());
const technician =
  (await store.accounts())[0] ?? (await store.transaction((tx) => tx.insertAccount(sampleAccount())));
// The parent waits for this line before it starts its clock.
writeSync(1, 'open\n');

async function work(): Promise<void> {
  for (let round = 0; ; round++) {
    const now = Date.now();
    const { session, events, pin } = await store.transaction(async (tx) => {
      const session = await tx.insertSession(sampleSession(technician?.id ?? 0));
      const wanted = { sessionId: session.id, pin: true, link: true, expiresAt: now + 60_000, now };
      const invitation = await directory.open(tx, wanted);
      const events = await tx.appendEvents(session.id, [sampleEvent(), sampleEvent({ type: 'pinCreated' })]);
      return { session, events, pin: invitation?.pin };
    });
    // A synchronous write to a pipe: the line is with the parent before the next statement runs.
    writeSync(1, `${JSON.stringify({ id: session.id, events: events.map((event) => event.id), pin })}\n`);
    if (round % 3 === 0) {
      await store.transaction((tx) => directory.finish(tx, session.id, 'used', Date.now()));
      writeSync(1, `${JSON.stringify({ finished: session.id })}\n`);
    }
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
