/**
 * FFmpeg as WebAssembly in this thread; the only importer of @ffmpeg/core, which is GPL and can be replaced here.
 *
 * Two things of its build 0.12.10 are put right: it looks for a browser's worker around it, and its C stack of 64 KiB is
 * not given back when a run ends, so that the third JPEG or the 26th failure writes over other memory (facts 2). The stack
 * is moved into 4 MiB of the heap and set back after each run.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import type createCore from '@ffmpeg/core';
import type { Core } from '@ffmpeg/core';
import { diskFiles } from './disk-files.ts';

export type { FileSystem, Node, Stream } from '@ffmpeg/core';

/** Its build for `require`: the other one is an ES module by its syntax and not by its name, and module hooks stumble over that. */
const require = createRequire(import.meta.url);

const STACK_BYTES = 4 << 20;
const STACK_ALIGNMENT = 16;
/** Standard output's last line after every run: how the program leaves its main function. */
const NORMAL_END = 'Aborted()';

export type FfmpegListener = {
  log(line: string): void;
  /** Microseconds of the output so far. */
  progress(timeUs: number): void;
  /** Asked all the time while it runs. */
  isCancelled(): boolean;
};

export type Ffmpeg = {
  /** Makes a folder of the disk visible as `at`. */
  mount(folder: string, at: string, readOnly: boolean): void;
  /** The program's exit code. */
  run(args: readonly string[]): number;
};

/** @throws Error when the library is another one than was tested */
export async function loadFfmpeg(listener: FfmpegListener): Promise<Ffmpeg> {
  const scope = globalThis as { self?: unknown; location?: unknown };
  scope.self ??= globalThis;
  scope.location ??= { href: import.meta.url };
  const create = require('@ffmpeg/core') as typeof createCore;
  const core = await create({ wasmBinary: fs.readFileSync(require.resolve('@ffmpeg/core/wasm')) });
  const restoreStack = moveStack(core);
  Object.defineProperty(core, 'timeout', {
    get: () => (listener.isCancelled() ? 0 : -1),
    set: () => undefined,
  });
  core.setLogger(({ message }) => {
    if (message !== NORMAL_END) {
      listener.log(message);
    }
  });
  core.setProgress(({ time }) => listener.progress(time));
  const files = diskFiles(core.FS);
  return {
    mount(folder, at, readOnly) {
      core.FS.mkdir(at);
      core.FS.mount(files, { root: folder, readOnly }, at);
    },
    run(args) {
      try {
        return core.exec(...args);
      } finally {
        restoreStack();
      }
    },
  };
}

/** @returns what sets the stack back to its top */
function moveStack(core: Core): () => void {
  // The exports have short names that every build chooses anew; the glue code says which.
  const glue = fs.readFileSync(require.resolve('@ffmpeg/core'), 'utf8');
  const exportOf = (name: string) => {
    const [, short = ''] =
      new RegExp(`var ${name}=function\\(\\)\\{return\\(${name}=Module\\["asm"\\]\\["(\\w+)"\\]`).exec(
        glue,
      ) ?? [];
    const found = core.asm[short];
    if (found === undefined) {
      throw new Error(`@ffmpeg/core has no ${name}: another version than the one that was tested`);
    }
    return found;
  };
  const save = exportOf('stackSave');
  const restore = exportOf('stackRestore');
  const top = Math.floor((core._malloc(STACK_BYTES) + STACK_BYTES) / STACK_ALIGNMENT) * STACK_ALIGNMENT;
  restore(top);
  if (save() !== top) {
    throw new Error('@ffmpeg/core: its stack cannot be moved');
  }
  return () => restore(top);
}
