/** What this project uses of @ffmpeg/core 0.12.10, which has no types of its own. */
declare module '@ffmpeg/core' {
  type Node = {
    parent: Node;
    name: string;
    mode: number;
    id: number;
    mount: { opts: { root: string; readOnly: boolean } };
    node_ops: object;
    stream_ops: object;
  };
  type Stream = { node: Node; flags: number; position: number; nfd?: number | undefined };
  type FileSystem = {
    ErrnoError: new (errno: number) => Error;
    createNode(parent: Node | null, name: string, mode: number, device: number): Node;
    isDir(mode: number): boolean;
    isFile(mode: number): boolean;
    mkdir(path: string): void;
    mount(type: object, options: object, at: string): void;
  };
  type Core = {
    FS: FileSystem;
    asm: Record<string, (value?: number) => number>;
    HEAPU8: Uint8Array;
    timeout: number;
    _malloc(bytes: number): number;
    exec(...args: string[]): number;
    setLogger(logger: (line: { type: string; message: string }) => void): void;
    setProgress(listener: (progress: { progress: number; time: number }) => void): void;
  };
  const createCore: (options: { wasmBinary: Uint8Array }) => Promise<Core>;

  export type { Core, FileSystem, Node, Stream };
  // biome-ignore lint/style/noDefaultExport: that is how the library says it
  export default createCore;
}
