/** The JSON API: one table of routes with who may use them; bodies are checked by schema before a route runs. */
import type { Accounts } from './accounts.ts';
import type { Archive } from './archive.ts';
import type { Customers } from './customers.ts';
import { NO_STORE, plainHeaders } from './http-headers.ts';
import type { InvitationSender } from './invitation-sender.ts';
import type { Log } from './log.ts';
import { BODIES } from './messages.ts';
import { type Failure, fail, isFailure } from './outcome.ts';
import { type Account, type Api, ERRORS, type ErrorCode } from './protocol.ts';
import { hashToken } from './secrets.ts';
import type { HttpRequest, HttpResponse } from './server.ts';
import { isSettingsName, type Settings } from './settings.ts';
import type { AccountRecord, Store } from './store.ts';
import type { TermsBook } from './terms.ts';

type Route = keyof Api;
type Access = 'everybody' | 'signedIn' | 'administrator';

type Call<R extends Route> = {
  body: Api[R]['body'];
  /** The `:id` of the path, 0 when it has none. */
  id: number;
  /** The `:name` of the path, empty when it has none. */
  name: string;
  /** Whoever is signed in; `Access` has been checked. */
  account: AccountRecord | undefined;
  request: HttpRequest;
};

type Answer<R extends Route> = {
  result: Api[R]['result'];
  status?: number;
  headers?: Record<string, string>;
};

type Routes = {
  [R in Route]: { access: Access; run: (call: Call<R>) => Promise<Answer<R> | Failure> };
};

export type ApiOptions = {
  accounts: Accounts;
  settings: Settings;
  sender: InvitationSender;
  terms: TermsBook;
  store: Pick<Store, 'consents' | 'session'>;
  archive: Pick<Archive, 'search' | 'record'>;
  customers: Pick<Customers, 'rate'>;
  refuseOrigin: (request: HttpRequest) => HttpResponse | undefined;
  secure: boolean;
  log: Log;
};

export type JsonApi = (request: HttpRequest) => Promise<HttpResponse>;

/** `__Host-` binds it to this host, path / and TLS; browsers treat http://localhost as secure too. */
const COOKIE = '__Host-fernblick';
const COOKIE_ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

const STATUS: Partial<Record<ErrorCode, number>> = {
  notSignedIn: 401,
  credentialsWrong: 401,
  accountDisabled: 403,
  notAllowed: 403,
  originNotAllowed: 403,
  notFound: 404,
  noSuchPhoto: 404,
  noSuchRecording: 404,
  recordingPreparing: 409,
  methodNotAllowed: 405,
  emailTaken: 409,
  lastAdministrator: 409,
  messageTooLarge: 413,
  throttled: 429,
  internal: 500,
  draining: 503,
  sendingLimit: 429,
  gatewayUnreachable: 502,
  mailUnreachable: 502,
  sendingRefused: 502,
};

export function jsonResponse(
  status: number,
  body: object,
  secure: boolean,
  headers: Record<string, string> = {},
): HttpResponse {
  return {
    status,
    headers: {
      ...plainHeaders(secure),
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': NO_STORE,
      ...headers,
    },
    body: JSON.stringify(body),
  };
}

export function errorResponse(code: ErrorCode, secure: boolean): HttpResponse {
  return jsonResponse(STATUS[code] ?? 400, { code, message: ERRORS[code] }, secure);
}

/** The sign-in token of a request, or undefined. */
export function signInToken(request: HttpRequest): string | undefined {
  const cookies = request.headers.get('cookie')?.split(';') ?? [];
  const own = cookies.map((cookie) => cookie.trim()).find((cookie) => cookie.startsWith(`${COOKIE}=`));
  return own?.slice(COOKIE.length + 1);
}

function setCookie(token: string): Record<string, string> {
  return { 'Set-Cookie': `${COOKIE}=${token}; ${COOKIE_ATTRIBUTES}` };
}

const CLEAR_COOKIE = { 'Set-Cookie': `${COOKIE}=; Max-Age=0; ${COOKIE_ATTRIBUTES}` };

/** What may leave the relay: everything but the password's hash. */
export function publicAccount({ id, name, nickname, email, role, enabled }: AccountRecord): Account {
  return { id, name, nickname, email, role, enabled };
}

function routes({ accounts, settings, sender, terms, store, archive, customers }: ApiOptions): Routes {
  return {
    'POST /api/feedback': {
      access: 'everybody',
      run: async ({ body: { resume, ...rating } }) => {
        const refused = await customers.rate(hashToken(resume), rating);
        return refused ? fail(refused) : { result: {} };
      },
    },
    'POST /api/sign-in': {
      access: 'everybody',
      run: async ({ body, request }) => {
        const signedIn = await accounts.signIn(body.email, body.password, request.address);
        return typeof signedIn === 'string'
          ? fail(signedIn)
          : { result: { account: publicAccount(signedIn.account) }, headers: setCookie(signedIn.token) };
      },
    },
    'POST /api/sign-out': {
      access: 'everybody',
      run: async ({ request }) => {
        await accounts.signOut(signInToken(request) ?? '');
        return { result: {}, headers: CLEAR_COOKIE };
      },
    },
    'GET /api/account': {
      access: 'signedIn',
      run: async ({ account }) =>
        account ? { result: { account: publicAccount(account) } } : fail('notSignedIn'),
    },
    'POST /api/account/password': {
      access: 'signedIn',
      run: async ({ account, body, request }) => {
        if (!account) {
          return fail('notSignedIn');
        }
        const keep = signInToken(request) ?? '';
        const code = await accounts.changePassword(account, body.current, body.password, keep);
        return code ? fail(code) : { result: {} };
      },
    },
    'POST /api/set-up': {
      access: 'everybody',
      run: async ({ body, request }) => {
        const signedIn = await accounts.redeemSetUp(body, request.address);
        return typeof signedIn === 'string'
          ? fail(signedIn)
          : {
              result: { account: publicAccount(signedIn.account) },
              headers: setCookie(signedIn.token),
              status: 201,
            };
      },
    },
    'GET /api/technicians': {
      access: 'administrator',
      run: async () => ({ result: { technicians: (await accounts.list()).map(publicAccount) } }),
    },
    'POST /api/technicians': {
      access: 'administrator',
      run: async ({ body }) => {
        const created = await accounts.create(body);
        return typeof created === 'string'
          ? fail(created)
          : { result: { technician: publicAccount(created) }, status: 201 };
      },
    },
    'PATCH /api/technicians/:id': {
      access: 'administrator',
      run: async ({ id, body }) => {
        const updated = await accounts.update(id, body);
        return typeof updated === 'string'
          ? fail(updated)
          : { result: { technician: publicAccount(updated) } };
      },
    },
    'POST /api/send-invitation': {
      access: 'signedIn',
      run: async ({ account, body }) => {
        const sent = account ? await sender.send(publicAccount(account), body) : fail('notSignedIn');
        return isFailure(sent) ? sent : { result: sent };
      },
    },
    'POST /api/admin/send-test': {
      access: 'administrator',
      run: async ({ account, body }) => {
        const sent = account ? await sender.test(publicAccount(account), body) : fail('notSignedIn');
        return isFailure(sent) ? sent : { result: sent };
      },
    },
    'GET /api/admin/terms': {
      access: 'administrator',
      run: async () => ({ result: { versions: await terms.versions() } }),
    },
    'POST /api/admin/terms': {
      access: 'administrator',
      run: async ({ account, body }) => {
        if (!account) {
          return fail('notSignedIn');
        }
        await terms.publish(publicAccount(account), body.texts);
        return { result: { versions: await terms.versions() }, status: 201 };
      },
    },
    'POST /api/sessions/search': {
      access: 'signedIn',
      run: async ({ account, body }) =>
        account ? { result: await archive.search(account, body) } : fail('notSignedIn'),
    },
    'GET /api/sessions/:id': {
      access: 'signedIn',
      run: async ({ account, id }) => {
        const record = account ? await archive.record(account, id) : fail('notSignedIn');
        return isFailure(record) ? record : { result: record };
      },
    },
    'GET /api/sessions/:id/consents': {
      access: 'signedIn',
      run: async ({ account, id }) => {
        const session = await store.session(id);
        const isTheirs = account?.role === 'administrator' || session?.technicianId === account?.id;
        if (!session || !isTheirs) {
          return fail('noSuchSession');
        }
        const ledger = await store.consents(id);
        return { result: { consents: ledger.map(({ sessionId: _, ...entry }) => entry) } };
      },
    },
    'POST /api/admin/preview': {
      access: 'administrator',
      run: async ({ account, body }) =>
        account
          ? { result: sender.preview(publicAccount(account), body.templates, body.language) }
          : fail('notSignedIn'),
    },
    'GET /api/admin/settings/:name': {
      access: 'administrator',
      run: async ({ name }) =>
        isSettingsName(name) ? { result: { settings: settings.shown(name) } } : fail('notFound'),
    },
    'PUT /api/admin/settings/:name': {
      access: 'administrator',
      run: async ({ account, name, body }) => {
        if (!account || !isSettingsName(name)) {
          return fail('notFound');
        }
        const stored = await settings.put(publicAccount(account), name, body.settings);
        return isFailure(stored) ? stored : { result: { settings: stored } };
      },
    },
  };
}

const ID_PATTERN = /\/(\d{1,15})(?=$|\/)/;
const SETTINGS_PATTERN = /^(\/api\/admin\/settings\/)([a-z]{1,30})$/i;

/** Every path below `/api/`; answers also what it refuses. */
export function createApi(options: ApiOptions): JsonApi {
  const { accounts, refuseOrigin, secure, log } = options;
  const table = routes(options);
  const paths = new Set(Object.keys(table).map((route) => route.split(' ')[1]));

  async function readBody(route: Route, request: HttpRequest): Promise<{ body: unknown } | Failure> {
    if (!Object.hasOwn(BODIES, route)) {
      return { body: undefined };
    }
    const bytes = await request.body();
    if (!bytes) {
      return fail('messageTooLarge');
    }
    try {
      const json: unknown = bytes.length === 0 ? {} : JSON.parse(bytes.toString());
      const parsed = BODIES[route as keyof typeof BODIES].safeParse(json);
      return parsed.success ? { body: parsed.data } : fail('invalidField');
    } catch {
      return fail('badMessage');
    }
  }

  async function run(request: HttpRequest): Promise<HttpResponse> {
    const id = Number(ID_PATTERN.exec(request.path)?.[1] ?? 0);
    const path = request.path.replace(ID_PATTERN, '/:id').replace(SETTINGS_PATTERN, '$1:name');
    const name = SETTINGS_PATTERN.exec(request.path)?.[2] ?? '';
    if (!paths.has(path)) {
      return errorResponse('notFound', secure);
    }
    const route = `${request.method} ${path}` as Route;
    if (!Object.hasOwn(table, route)) {
      return errorResponse('methodNotAllowed', secure);
    }
    const refusal = request.method === 'GET' ? undefined : refuseOrigin(request);
    if (refusal) {
      return refusal;
    }
    const { access, run: work } = table[route];
    const account = await accounts.byToken(signInToken(request) ?? '');
    if (access !== 'everybody' && !account) {
      return errorResponse('notSignedIn', secure);
    }
    if (access === 'administrator' && account?.role !== 'administrator') {
      return errorResponse('notAllowed', secure);
    }
    const read = await readBody(route, request);
    if (isFailure(read)) {
      return errorResponse(read.failed, secure);
    }
    const call = { body: read.body, id, name, account, request };
    const answer = await (work as (call: object) => Promise<Answer<Route> | Failure>)(call);
    return isFailure(answer)
      ? errorResponse(answer.failed, secure)
      : jsonResponse(answer.status ?? 200, answer.result, secure, answer.headers);
  }

  return async (request) => {
    try {
      return await run(request);
    } catch (error) {
      log.error({ err: error, path: request.path }, 'apiFailed');
      return errorResponse('internal', secure);
    }
  };
}
