/** Mistakes of the other side are values with a stable code, not exceptions. */
import type { ErrorCode } from './protocol.ts';

export type Failure = { failed: ErrorCode };

export function fail(code: ErrorCode): Failure {
  return { failed: code };
}

export function isFailure(value: object): value is Failure {
  return 'failed' in value;
}
