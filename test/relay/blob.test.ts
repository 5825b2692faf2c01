/** Real: files on disk. Nothing is faked. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openBlobFiles } from '../../relay/blob-files.ts';
import { blobContract } from './contract/blob.ts';
import { newFolder } from './contract/samples.ts';

t.test('blobs in files keep the contract', async (t) => {
  blobContract(t, (t) => openBlobFiles(join(newFolder(t), 'blobs')));
});

t.test('what a crash left unfinished is no blob and is cleared away', async (t) => {
  const folder = newFolder(t);
  const blob = await openBlobFiles(folder);
  await blob.put('kept', Buffer.from('x'));
  mkdirSync(join(folder, '.unfinished'), { recursive: true });
  writeFileSync(join(folder, '.unfinished', 'half'), 'ha');
  const again = await openBlobFiles(folder);
  t.strictSame(readdirSync(join(folder, '.unfinished')), []);
  t.equal(Buffer.from((await again.get('kept')) ?? []).toString(), 'x');
});

t.test('a blob is for its owner only and leaves nothing beside it', async (t) => {
  const folder = newFolder(t);
  const blob = await openBlobFiles(folder);
  await blob.put('a/b', Buffer.from('x'));
  t.equal(statSync(join(folder, 'a', 'b')).mode & 0o777, 0o600);
  t.strictSame(readdirSync(join(folder, '.unfinished')), []);
});

t.test('a put that fails leaves the earlier bytes and nothing unfinished', async (t) => {
  const folder = newFolder(t);
  const blob = await openBlobFiles(folder);
  await blob.put('a', Buffer.from('x'));
  await t.rejects(blob.put('a/b', Buffer.from('y')), 'below a blob there is no room');
  t.equal(Buffer.from((await blob.get('a')) ?? []).toString(), 'x');
  t.strictSame(readdirSync(join(folder, '.unfinished')), []);
  t.notOk(existsSync(join(folder, 'a', 'b')));
});
