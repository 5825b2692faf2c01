/** Results of asking the relay. Its refusals are values with a code, never exceptions. */
import { type Connection, RequestError } from '../relay/client/connection.ts';
import type { ErrorCode } from '../relay/protocol.ts';

export type FailureCode = ErrorCode | 'notConnected';
export type Failure = { ok: false; code: FailureCode };
export type Outcome<T> = { ok: true; value: T } | Failure;

export function failure(code: FailureCode): Failure {
  return { ok: false, code };
}

/** Turns the rejection of a request into a value; anything else is a fault of ours and goes on. */
export async function outcomeOf<T>(request: Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await request };
  } catch (error) {
    if (error instanceof RequestError) {
      return failure(error.code);
    }
    throw error;
  }
}

/** Takes the place of a connection where there is none. */
export const NOT_CONNECTED: Pick<Connection, 'request'> = {
  request: () => Promise.reject(new RequestError('notConnected', 'There is no connection.')),
};
