/**
 * The orderly end. The first signal lets running calls come to their end for a while, the second ends them now, with
 * everything that is under way written; the third gives up even that.
 */

/** How often is looked whether calls are still running. */
const POLL_MS = 250;

export type DrainOptions = {
  /** How long running calls may go on. */
  graceMs: number;
  callCount: () => number;
  /** Nothing new may begin from here on. */
  begin: () => void;
  /** Tells the pages, flushes and closes. */
  end: () => Promise<void>;
  exit: (code: number) => void;
  print: (line: string) => void;
  onError: (error: unknown) => void;
};

export class Drain {
  readonly #options: DrainOptions;
  #signals = 0;
  #hurry: () => void = () => undefined;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  get draining(): boolean {
    return this.#signals > 0;
  }

  /** SIGTERM or SIGINT came. */
  signal(): void {
    this.#signals++;
    if (this.#signals === 1) {
      this.#run().catch((error: unknown) => {
        this.#options.onError(error);
        this.#options.exit(1);
      });
    } else if (this.#signals === 2) {
      this.#hurry();
    } else {
      this.#options.exit(1);
    }
  }

  async #run(): Promise<void> {
    const { graceMs, callCount, begin, end, exit, print } = this.#options;
    begin();
    const calls = callCount();
    if (calls > 0 && graceMs > 0) {
      print(
        `Waiting up to ${Math.round(graceMs / 1000)} s for ${calls === 1 ? 'one call' : `${calls} calls`} to end; stop once more to end now.`,
      );
      await this.#untilCallsEnded();
    }
    await end();
    exit(0);
  }

  #untilCallsEnded(): Promise<void> {
    const { graceMs, callCount } = this.#options;
    return new Promise((resolve) => {
      const done = () => {
        clearInterval(poll);
        clearTimeout(limit);
        resolve();
      };
      const poll = setInterval(() => {
        if (callCount() === 0) {
          done();
        }
      }, POLL_MS);
      const limit = setTimeout(done, graceMs);
      this.#hurry = done;
    });
  }
}
