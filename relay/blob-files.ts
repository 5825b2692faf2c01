/** Byte strings as files under one folder. A name is a path below it; a file is complete or not there. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Blob } from './store.ts';

/** No names begin with a dot, so this folder is never in the way of one. */
const UNFINISHED_DIR = '.unfinished';
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

  function pathOf(name: string): string {
    if (!isBlobName(name)) {
      throw new RangeError(`not a blob name: ${JSON.stringify(name)}`);
    }
    return join(folder, name);
  }

  return {
    async put(name, bytes) {
      const file = pathOf(name);
      const aside = join(unfinished, randomUUID());
      try {
        await writeSynced(aside, bytes);
        const made = await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await rename(aside, file);
        await syncFolders(dirname(file), made === undefined ? dirname(file) : dirname(made));
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

function isMissing(error: unknown): boolean {
  // A folder is no blob, and below a blob there is none.
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}
