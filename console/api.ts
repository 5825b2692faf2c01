/** The HTTP half of the relay's interface: accounts and administration. */
import { type Api, ERRORS, type ErrorCode } from '../relay/protocol.ts';
import { failure, type Outcome } from './outcome.ts';

type Route = keyof Api;

/**
 * One call with the cookie of this browser. Never rejects: no answer, or one that is not ours (a proxy's page),
 * is `notConnected`.
 * @param detail takes the place of `:id` or `:name` in the route
 */
export async function call<R extends Route>(
  route: R,
  body: Api[R]['body'],
  detail?: number | string,
): Promise<Outcome<Api[R]['result']>> {
  const [method = 'GET', path = '/'] = route.split(' ');
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
  if (body !== undefined) {
    init.headers = { accept: 'application/json', 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  try {
    const response = await fetch(path.replace(/:(id|name)$/, encodeURIComponent(detail ?? '')), init);
    const answer: unknown = await response.json();
    if (response.ok) {
      return { ok: true, value: answer as Api[R]['result'] };
    }
    return failure(errorCode(answer) ?? 'notConnected');
  } catch {
    return failure('notConnected');
  }
}

function errorCode(answer: unknown): ErrorCode | undefined {
  if (typeof answer !== 'object' || answer === null || !('code' in answer)) {
    return undefined;
  }
  const { code } = answer;
  return typeof code === 'string' && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined;
}
