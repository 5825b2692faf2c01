/**
 * Real: two processes after each other that open a store on disk, and the kernel's list of locks (proc(5)). Without its lock
 * on the database another program that reads it, a backup say, would delete the log on closing, with all that is in it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { newFolder } from './contract/samples.ts';

const STORE = pathToFileURL(join(import.meta.dirname, '../../relay/store-sqlite.js')).href;
const SCRIPT = `
  import { readFileSync, statSync } from 'node:fs';
  import { openSqliteStore } from '${STORE}';
  const path = process.argv[1];
  await (await openSqliteStore(path)).accounts();
  const locks = readFileSync('/proc/locks', 'utf8').split('\\n').map((line) => line.trim().split(/\\s+/));
  const inode = String(statSync(path).ino);
  console.log(locks.filter((fields) => fields[4] === String(process.pid) && fields[5]?.split(':')[2] === inode).length);
  process.exit();
`;

t.test(
  'a relay holds its database, also one that was there before',
  { skip: !existsSync('/proc/locks') && 'no list of locks here' },
  async (t) => {
    const path = join(newFolder(t), 'fernblick.db');
    for (const which of ['new', 'there before']) {
      const locks = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT, path], {
        encoding: 'utf8',
      });
      t.ok(Number(locks) > 0, `${which}: ${locks.trim()} locks`);
    }
  },
);
