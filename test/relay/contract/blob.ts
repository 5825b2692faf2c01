/** What every adapter of `Blob` must do. */
import { createHash, randomBytes } from 'node:crypto';
import type { Test } from 'tap';
import type { Blob } from '../../../relay/store.ts';

export function blobContract(t: Test, open: (t: Test) => Promise<Blob>): void {
  t.test('bytes come back as they went in', async (t) => {
    const blob = await open(t);
    const contents: Record<string, Uint8Array> = {
      empty: new Uint8Array(0),
      'photos/1001/1.jpg': Uint8Array.of(0, 255, 10, 13, 26, 0),
      'a/b/c/d_e-f.0': randomBytes(3 * 1024 * 1024),
    };
    for (const [name, bytes] of Object.entries(contents)) {
      await blob.put(name, bytes);
    }
    for (const [name, bytes] of Object.entries(contents)) {
      const got = await blob.get(name);
      t.ok(got && Buffer.from(got).equals(bytes), name);
    }
  });

  t.test('a name has the bytes that were put last, and then none', async (t) => {
    const blob = await open(t);
    await blob.put('x', Buffer.from('a longer first version'));
    await blob.put('x', Buffer.from('second'));
    t.equal(Buffer.from((await blob.get('x')) ?? []).toString(), 'second');
    await blob.delete('x');
    t.equal(await blob.get('x'), undefined);
    await blob.delete('x');
  });

  t.test('a name that was never put has nothing', async (t) => {
    const blob = await open(t);
    await blob.put('folder/file', Buffer.from('x'));
    for (const name of ['nothing', 'no/thing', 'folder', 'folder/file/below']) {
      t.equal(await blob.get(name), undefined, name);
    }
  });

  t.test('of versions put at the same time one is kept whole', async (t) => {
    const blob = await open(t);
    const versions = Array.from({ length: 8 }, (_, i) => Buffer.alloc(200_000 + i * 1000, i));
    await Promise.all(versions.map((version) => blob.put('same', version)));
    const got = Buffer.from((await blob.get('same')) ?? []);
    t.ok(versions.some((version) => version.equals(got)));
  });

  t.test('what is no name is refused and touches nothing', async (t) => {
    const blob = await open(t);
    const names = [
      '',
      '/',
      'a/',
      '/a',
      'a//b',
      '.',
      '..',
      '../x',
      'a/../b',
      'a/..',
      './a',
      'a..b',
      '.hidden',
    ];
    names.push('A', 'ü', 'a b', 'a\\b', 'a\0', 'a\n', 'c:x', '/etc/passwd', 'x'.repeat(201));
    for (const name of names) {
      await t.rejects(blob.put(name, Buffer.from('x')), RangeError, JSON.stringify(name));
      await t.rejects(blob.get(name), RangeError);
      await t.rejects(blob.delete(name), RangeError);
    }
  });

  t.test('one that grows is on disk part by part, and whole at once', async (t) => {
    const blob = await open(t);
    const bytes = randomBytes(100_000);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    t.equal(await blob.size('photos/1/2'), 0);
    t.equal(await blob.append('photos/1/2', 0, bytes.subarray(0, 40_000)), 40_000);
    t.equal(await blob.size('photos/1/2'), 40_000);
    t.equal(await blob.get('photos/1/2'), undefined, 'not there before its end');
    t.ok(Buffer.from(await blob.head('photos/1/2', 100)).equals(bytes.subarray(0, 100)));
    await t.rejects(blob.append('photos/1/2', 50_000, bytes), RangeError, 'nothing is left out');
    t.equal(await blob.append('photos/1/2', 30_000, bytes.subarray(30_000)), 100_000, 'written again');
    t.equal(await blob.finish('photos/1/2', sha256), true);
    t.ok(Buffer.from((await blob.get('photos/1/2')) ?? []).equals(bytes));
    t.equal(await blob.size('photos/1/2'), 100_000);
    t.ok(Buffer.from(await blob.head('photos/1/2', 1_000_000)).equals(bytes));
    t.equal(await blob.finish('photos/1/2', sha256), true, 'said again it is the same');
    t.equal(await blob.finish('photos/1/2', 'ab'.repeat(32)), false);
  });

  t.test('one that is not what it was said to be is not kept, and may be begun again', async (t) => {
    const blob = await open(t);
    const sha256 = createHash('sha256').update('right').digest('hex');
    await blob.append('x', 0, Buffer.from('wrong'));
    t.equal(await blob.finish('x', sha256), false);
    t.equal(await blob.size('x'), 0);
    await blob.append('x', 0, Buffer.from('right'));
    t.equal(await blob.finish('x', sha256), true);
    await blob.append('y', 0, Buffer.from('given up'));
    await blob.delete('y');
    t.equal(await blob.size('y'), 0);
    t.equal(await blob.finish('z', sha256), false, 'nothing is not it');
    for (const name of ['', '../x', 'a..b']) {
      await t.rejects(blob.append(name, 0, Buffer.from('x')), RangeError);
      await t.rejects(blob.size(name), RangeError);
      await t.rejects(blob.head(name, 1), RangeError);
      await t.rejects(blob.finish(name, sha256), RangeError);
    }
  });
}
