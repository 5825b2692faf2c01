/**
 * The disk as a file system of @ffmpeg/core (emscripten's interface), which ships none: every open file is one descriptor,
 * nothing is held in WebAssembly's memory, so a job of any length needs the same (facts: 1 h at 160 MB, in memory 2.8 GB).
 */
import fs from 'node:fs';
import path from 'node:path';
import type { FileSystem, Node, Stream } from './ffmpeg-core.ts';

/** WASI's numbers, which emscripten uses. */
const ERRNO: Record<string, number> = {
  EACCES: 2,
  EBADF: 8,
  EEXIST: 20,
  EINVAL: 28,
  EISDIR: 31,
  EMFILE: 33,
  ENOENT: 44,
  ENOSPC: 51,
  ENOTDIR: 54,
  ENOTEMPTY: 55,
  EPERM: 63,
  EROFS: 69,
};
const EIO = 29;
const EINVAL = 28;
const EROFS = 69;
const DIRECTORY = 0o40777;
const FILE = 0o100666;
const ACCESS_MODE = 3;
const TRUNCATE = 512;
const SEEK_CURRENT = 1;
const SEEK_END = 2;
const BLOCK_BYTES = 65_536;

/** @param FS of the instance that it is mounted in, with `{ root, readOnly }` */
export function diskFiles(FS: FileSystem): object {
  function guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw error instanceof FS.ErrnoError
        ? error
        : new FS.ErrnoError(ERRNO[(error as NodeJS.ErrnoException).code ?? ''] ?? EIO);
    }
  }

  function real(node: Node): string {
    const names: string[] = [];
    let at = node;
    for (; at.parent !== at; at = at.parent) {
      names.unshift(at.name);
    }
    return path.join(at.mount.opts.root, ...names);
  }

  function writable(node: Node): void {
    if (node.mount.opts.readOnly) {
      throw new FS.ErrnoError(EROFS);
    }
  }

  const nodeOperations = {
    getattr: (node: Node) =>
      guard(() => {
        const stat = fs.lstatSync(real(node));
        const { size, atime, mtime, ctime } = stat;
        const mode = stat.isDirectory() ? DIRECTORY : node.mode;
        const numbers = { dev: 1, ino: node.id, nlink: 1, uid: 0, gid: 0, rdev: 0, blksize: BLOCK_BYTES };
        return { ...numbers, mode, size, atime, mtime, ctime, blocks: Math.ceil(size / 512) };
      }),
    setattr(node: Node, attributes: { size?: number; mode?: number }): void {
      guard(() => {
        if (attributes.size !== undefined) {
          writable(node);
          // A node stays known here when its file was deleted outside.
          fs.closeSync(fs.openSync(real(node), 'a'));
          fs.truncateSync(real(node), attributes.size);
        }
        node.mode = attributes.mode ?? node.mode;
      });
    },
    lookup: (parent: Node, name: string) =>
      guard(() => {
        const isDirectory = fs.statSync(path.join(real(parent), name)).isDirectory();
        return createNode(parent, name, isDirectory ? DIRECTORY : FILE, 0);
      }),
    mknod(parent: Node, name: string, mode: number, device: number): Node {
      writable(parent);
      const node = createNode(parent, name, mode, device);
      guard(() =>
        FS.isDir(mode) ? fs.mkdirSync(real(node)) : fs.writeFileSync(real(node), '', { mode: 0o600 }),
      );
      return node;
    },
    rename(node: Node, folder: Node, name: string): void {
      writable(node);
      guard(() => fs.renameSync(real(node), path.join(real(folder), name)));
      node.name = name;
    },
    unlink(parent: Node, name: string): void {
      writable(parent);
      guard(() => fs.unlinkSync(path.join(real(parent), name)));
    },
    readdir: (node: Node) => guard(() => ['.', '..', ...fs.readdirSync(real(node))]),
  };

  const streamOperations = {
    open(stream: Stream): void {
      guard(() => {
        if (!FS.isFile(stream.node.mode)) {
          return;
        }
        const isReading = (stream.flags & ACCESS_MODE) === 0;
        if (!isReading) {
          writable(stream.node);
        }
        const mode = isReading ? 'r' : (stream.flags & TRUNCATE) === 0 ? 'r+' : 'w+';
        stream.nfd = fs.openSync(real(stream.node), mode);
      });
    },
    close(stream: Stream): void {
      const { nfd } = stream;
      stream.nfd = undefined;
      if (nfd !== undefined) {
        guard(() => fs.closeSync(nfd));
      }
    },
    read: (stream: Stream, heap: Uint8Array, offset: number, length: number, position: number) =>
      guard(() => fs.readSync(descriptor(stream), heap, offset, length, position)),
    write: (stream: Stream, heap: Uint8Array, offset: number, length: number, position: number) =>
      guard(() => fs.writeSync(descriptor(stream), heap, offset, length, position)),
    llseek(stream: Stream, offset: number, whence: number): number {
      const from =
        whence === SEEK_CURRENT
          ? stream.position
          : whence === SEEK_END
            ? guard(() => fs.fstatSync(descriptor(stream)).size)
            : 0;
      if (from + offset < 0) {
        throw new FS.ErrnoError(EINVAL);
      }
      return from + offset;
    },
  };

  function createNode(parent: Node | null, name: string, mode: number, device: number): Node {
    const node = FS.createNode(parent, name, mode, device);
    node.node_ops = nodeOperations;
    node.stream_ops = streamOperations;
    return node;
  }

  return { mount: () => createNode(null, '/', DIRECTORY, 0), createNode };
}

/** −1 for one that is not open: the system then says EBADF. */
function descriptor({ nfd }: Stream): number {
  return nfd ?? -1;
}
