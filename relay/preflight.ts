/** What a phone found out about itself and its network while its customer waited; pure. */
import { PREFLIGHT, type Preflight, type PreflightCheck, type PreflightLight } from './protocol.ts';

const CHECKS = Object.keys(PREFLIGHT) as PreflightCheck[];

/** Names of the checks that came out red, in their order. */
export function failedChecks(preflight: Preflight): PreflightCheck[] {
  return CHECKS.filter((check) => {
    const lights: Record<string, PreflightLight> = PREFLIGHT[check];
    return lights[preflight[check]] === 'red';
  });
}

/** Of one session. */
export class SessionPreflight {
  #last: Preflight | undefined;
  /** A page that changes its mind to and fro must not fill the log: each set of failures is a line once. */
  readonly #logged = new Set<string>();

  get last(): Preflight | undefined {
    return this.#last;
  }

  /** @returns the failed checks as the log is to name them; empty when there is nothing to log */
  take(preflight: Preflight): string {
    this.#last = preflight;
    const failed = failedChecks(preflight).join(', ');
    if (this.#logged.has(failed)) {
      return '';
    }
    this.#logged.add(failed);
    return failed;
  }
}
