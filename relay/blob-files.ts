/** Byte strings as files under one folder. A name is a path below it; a file is complete or not there. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Blob } from './store.ts';

/** No names begin with a dot, so this folder is never in the way of one. */
const UNFINISHED_DIR = '.unfinished';
/** What comes part by part, under its name; it survives a restart. */
const GROWING_DIR = '.growing';
/** What every file system takes as one piece of a path. */
const SEGMENT = /^[a-z0-9_-][a-z0-9._-]{0,199}$/;
const NAME_MAX_LENGTH = 1000;

/** Pieces of `[a-z0-9._-]` with slashes between them; none begins with a dot or contains `..`. */
export function isBlobName(name: string): boolean {
  return (
    name.length <= NAME_MAX_LENGTH &&
    name.split('/').every((segment) => SEGMENT.test(segment) && !segment.includes('..'))
  );
}

/**
 * @param path of the folder, is made when missing; what an earlier run left unfinished in it is deleted
 * @throws RangeError from every call with a name that is none: names are ours, never a browser's
 */
export async function openBlobFiles(path: string): Promise<Blob> {
  const folder = resolve(path);
  const unfinished = join(folder, UNFINISHED_DIR);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });

  function pathOf(name: string, below = folder): string {
    if (!isBlobName(name)) {
      throw new RangeError(`not a blob name: ${JSON.stringify(name)}`);
    }
    return join(below, name);
  }

  const growingOf = (name: string) => pathOf(name, join(folder, GROWING_DIR));

  async function moveIntoPlace(from: string, file: string): Promise<void> {
    const made = await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await rename(from, file);
    await syncFolders(dirname(file), made === undefined ? dirname(file) : dirname(made));
  }

  return {
    async put(name, bytes) {
      const file = pathOf(name);
      const aside = join(unfinished, randomUUID());
      try {
        await writeSynced(aside, bytes);
        await moveIntoPlace(aside, file);
      } catch (error) {
        await rm(aside, { force: true });
        throw error;
      }
    },
    async get(name) {
      try {
        return await readFile(pathOf(name));
      } catch (error) {
        if (isMissing(error)) {
          return undefined;
        }
        throw error;
      }
    },
    async delete(name) {
      await rm(pathOf(name), { force: true });
      await rm(growingOf(name), { force: true });
    },
    async append(name, offset, bytes) {
      const growing = growingOf(name);
      const made = await mkdir(dirname(growing), { recursive: true, mode: 0o700 });
      const before = await sizeOf(growing);
      if (offset > (before ?? 0)) {
        throw new RangeError(`${name} has ${before ?? 0} bytes and cannot go on at ${offset}`);
      }
      const file = await open(growing, before === undefined ? 'wx+' : 'r+', 0o600);
      try {
        await file.truncate(offset);
        await writeAt(file, bytes, offset);
        await file.sync();
      } finally {
        await file.close();
      }
      if (before === undefined) {
        await syncFolders(dirname(growing), made === undefined ? dirname(growing) : dirname(made));
      }
      return offset + bytes.length;
    },
    async size(name) {
      return (await sizeOf(pathOf(name))) ?? (await sizeOf(growingOf(name))) ?? 0;
    },
    async head(name, maxBytes) {
      const path = (await sizeOf(pathOf(name))) === undefined ? growingOf(name) : pathOf(name);
      const head = Buffer.alloc(Math.min(maxBytes, (await sizeOf(path)) ?? 0));
      if (head.length === 0) {
        return head;
      }
      const file = await open(path, 'r');
      try {
        return head.subarray(0, (await file.read(head, 0, head.length, 0)).bytesRead);
      } finally {
        await file.close();
      }
    },
    async finish(name, sha256) {
      const growing = growingOf(name);
      if ((await sizeOf(growing)) === undefined) {
        // A relay that was killed here has moved it already.
        return (await sizeOf(pathOf(name))) !== undefined && (await hashOf(pathOf(name))) === sha256;
      }
      if ((await hashOf(growing)) !== sha256) {
        await rm(growing, { force: true });
        return false;
      }
      await moveIntoPlace(growing, pathOf(name));
      return true;
    },
  };
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** An entry is on disk once its folder is: from the file's folder up to the one that was there before. */
async function syncFolders(folder: string, top: string): Promise<void> {
  for (let current = folder; ; current = dirname(current)) {
    const handle = await open(current, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (current === top || current === dirname(current)) {
      return;
    }
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, offset + written);
    written += bytesWritten;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    throw error;
  }
}

/** Piece by piece, so that nobody else's packet waits for a large file. */
async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) {
    hash.update(piece as Buffer);
  }
  return hash.digest('hex');
}

function isMissing(error: unknown): boolean {
  // A folder is no blob, and below a blob there is none.
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
