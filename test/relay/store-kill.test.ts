/**
 * Real: a process that writes to a SQLite store, SIGKILL at random moments, the store opened again. Nothing is faked.
 * What was answered before the kill must be there after it. (A power cut is not tried: the kernel outlives the process.)
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import t from 'tap';
import { openSqliteDirectory } from '../../relay/directory-sqlite.ts';
import { readSecrets } from '../../relay/secrets.ts';
import { openSqliteStore, type SqliteStore } from '../../relay/store-sqlite.ts';
import { newFolder } from './contract/samples.ts';

const ROUNDS = 10;
/** Some rounds are killed while the first transactions run, some after hundreds. */
const KILL_AFTER_MAX_MS = 300;
/** Some eight seconds on an idle machine with two cores. */
const TIMEOUT_MS = 180_000;

type Answered = { id: number; events: number[]; pin: string };

/** Runs the child until it is killed. Resolves to the complete lines that it printed. */
async function runAndKill(path: string): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'store-kill.child.js'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8');
  const ended = once(child.stdout, 'close');
  const begun = new Promise<void>((resolve) => {
    child.stdout.on('data', (text: string) => {
      output += text;
      resolve();
    });
  });
  await begun;
  await delay(randomInt(KILL_AFTER_MAX_MS));
  child.kill('SIGKILL');
  await ended;
  return output.split('\n').slice(0, -1);
}

async function livePins(store: SqliteStore): Promise<{ pin_mac: string | null }[]> {
  return store.reader.selectFrom('invitation').select('pin_mac').where('state', '=', 'live').execute();
}

t.test('what was answered survives kill -9, and no PIN is live twice', { timeout: TIMEOUT_MS }, async (t) => {
  const folder = newFolder(t);
  const path = join(folder, 'fernblick.db');
  const answered: Answered[] = [];
  const finished = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const line of await runAndKill(path)) {
      if (line.startsWith('{"finished"')) {
        finished.add((JSON.parse(line) as { finished: number }).finished);
      } else if (line.startsWith('{')) {
        answered.push(JSON.parse(line) as Answered);
      }
    }
    const store = await openSqliteStore(path);
    const directory = await openSqliteDirectory(store, readSecrets(folder), Date.now());
    const problems: string[] = [];
    for (const { id, events, pin } of answered) {
      const stored = (await store.events(id)).map((event) => event.id);
      if ((await store.session(id))?.id !== id || stored.join() !== events.join()) {
        problems.push(`session ${id} is not as it was answered`);
      }
      const invitation = await directory.findPin(pin, 0);
      if (finished.has(id) ? invitation?.sessionId === id : !invitation && (await directory.live(id))) {
        problems.push(`the PIN of session ${id} is not as it was answered`);
      }
    }
    t.strictSame(problems, [], `round ${round}: ${answered.length} sessions answered so far`);
    const pins = await livePins(store);
    t.equal(new Set(pins.map((row) => row.pin_mac)).size, pins.length, 'no PIN is live twice');
    const check = await sql<{ quick_check: string }>`pragma quick_check`.execute(store.reader);
    t.strictSame(check.rows, [{ quick_check: 'ok' }]);
    await store.close();
  }
  t.ok(answered.length > ROUNDS, `${answered.length} sessions were answered in ${ROUNDS} rounds`);
  t.ok(finished.size > 0, `${finished.size} invitations were ended`);
  t.equal(new Set(answered.map((session) => session.id)).size, answered.length, 'no number was given twice');
  t.equal(new Set(answered.map((session) => session.pin)).size, answered.length, 'no PIN was given twice');
});
