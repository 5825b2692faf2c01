/**
 * Fuzz target for HTTP requests: paths, cookies, origins, hosts and bodies. Real: the API with its schemas, the pages,
 * all headers. Faked: the socket, and the accounts, which let in two known cookies and say yes to everything.
 *
 * An input reads as on the wire: `METHOD path`, headers, an empty line, the body.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts } from '../../relay/accounts.ts';
import { createApi, errorResponse } from '../../relay/api.ts';
import { readConfig } from '../../relay/config.ts';
import { createLog } from '../../relay/log.ts';
import { createMemoryLimiter } from '../../relay/memory.ts';
import { BODIES } from '../../relay/messages.ts';
import { readOrigins } from '../../relay/origins.ts';
import { fail } from '../../relay/outcome.ts';
import { loadPages } from '../../relay/pages.ts';
import { ERRORS } from '../../relay/protocol.ts';
import type { HttpRequest, HttpResponse } from '../../relay/server.ts';
import { DEFINITIONS } from '../../relay/settings-documents.ts';
import type { AccountRecord, Store } from '../../relay/store.ts';
import { builtInTexts, termsOf } from '../../relay/terms.ts';
import { type Json, mutatedJson, mutatedLines, mutatedText, randomJson } from './mutate.ts';
import { chance, pick, type Random } from './random.ts';
import type { FuzzTarget, Verdict } from './target.ts';

const ORIGIN = 'http://localhost:8080';
const SECRET = 'argon2-of-somebody';
const STATUSES = [200, 201, 304, 400, 401, 403, 404, 405, 409, 413, 429];

const ADMINISTRATOR: AccountRecord = {
  ...{ id: 1, name: 'Anna', nickname: '', email: 'anna@example.org', role: 'administrator', enabled: true },
  passwordHash: SECRET,
  createdAt: 0,
};
const TECHNICIAN: AccountRecord = { ...ADMINISTRATOR, id: 2, role: 'technician' };

/** Whoever has the right cookie is somebody; whatever somebody asks for is done. Writes down what ran. */
class YesAccounts extends Accounts {
  readonly ran: string[] = [];

  constructor() {
    super({} as Store, createMemoryLimiter(), { now: () => 0 });
  }

  override async byToken(token: string): Promise<AccountRecord | undefined> {
    return { administrator: ADMINISTRATOR, technician: TECHNICIAN }[token];
  }

  override async signIn() {
    this.ran.push('everybody');
    return { account: TECHNICIAN, token: 'technician', expiresAt: 0 };
  }

  override async signOut(): Promise<void> {
    this.ran.push('everybody');
  }

  override async changePassword(): Promise<undefined> {
    this.ran.push('signedIn');
  }

  override async redeemSetUp() {
    return this.signIn();
  }

  override async list(): Promise<AccountRecord[]> {
    this.ran.push('read by administrator');
    return [ADMINISTRATOR, TECHNICIAN];
  }

  override async create(): Promise<AccountRecord> {
    this.ran.push('administrator');
    return TECHNICIAN;
  }

  override async update(): Promise<AccountRecord> {
    this.ran.push('administrator');
    return TECHNICIAN;
  }
}

/** Pages that are as small as pages can be, and beside them a file that nobody may get. */
const folder = mkdtempSync(join(tmpdir(), 'fernblick-fuzz-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const page of ['capture', 'console']) {
  mkdirSync(join(folder, page));
  writeFileSync(join(folder, page, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, page, 'page.js'), '1;');
}
writeFileSync(join(folder, 'secret.txt'), SECRET);

const pages = loadPages(folder);
const origins = readOrigins(readConfig({ argv: [], env: {} }), 8080, false);

const EXAMPLES: Record<string, Json> = {
  'POST /api/sign-in': { email: 'anna@example.org', password: 'correct horse battery' },
  'POST /api/sign-out': {},
  'POST /api/account/password': { current: 'correct horse', password: 'battery staple' },
  'POST /api/set-up': { token: 'abc', name: 'Anna', email: 'anna@example.org', password: 'correct horse' },
  'POST /api/technicians': {
    ...{
      name: 'Bert',
      nickname: '',
      email: 'bert@example.org',
      role: 'technician',
      password: 'correct horse',
    },
  },
  'PATCH /api/technicians/:id': { enabled: false },
};
const GETS = ['GET /api/account', 'GET /api/technicians', 'GET /', 'GET /console', 'GET /console/page.js'];
const MORE = ['GET /capture/../secret.txt', 'GET /j/abc', 'GET /console/settings', 'HEAD /favicon.ico'];
const HEADS = [...GETS, ...MORE, ...Object.keys(BODIES).map((route) => route.replace(':id', '2'))];
const HEADERS = [
  ...[
    `origin: ${ORIGIN}`,
    'origin: null',
    'origin: https://evil.example',
    'host: localhost:8080',
    'host: a b;c',
  ],
  ...['cookie: __Host-fernblick=administrator', 'cookie: a=b; __Host-fernblick=technician; c=d'],
  ...['accept-encoding: gzip, br', 'if-none-match: *', 'content-type: application/json'],
];

function requestText(head: string, headers: readonly string[], body: string): string {
  return [head, ...headers, '', body].join('\n');
}

const SEEDS = HEADS.map((head) => {
  const example = EXAMPLES[head.replace(/\/2$/, '/:id')];
  return requestText(head, HEADERS.slice(0, 1), example === undefined ? '' : JSON.stringify(example));
});

function make(random: Random): string {
  const head = chance(random, 80) ? pick(random, HEADS) : mutatedText(random, HEADS, 300);
  const headers = [`origin: ${ORIGIN}`].slice(random(5) === 0 ? 1 : 0);
  for (let more = random(4); more > 0; more--) {
    headers.push(chance(random, 70) ? pick(random, HEADERS) : mutatedText(random, HEADERS, 300));
  }
  const example = EXAMPLES[head.replace(/\/2$/, '/:id')] ?? {};
  const body = chance(random, 80) ? mutatedJson(random, [example]) : randomJson(random);
  const text = requestText(
    head,
    headers,
    chance(random, 90) ? JSON.stringify(body) : JSON.stringify(example),
  );
  return chance(random, 20) ? mutatedLines(random, [text], 70_000) : text;
}

function readRequest(text: string): HttpRequest {
  const [top = '', ...rest] = text.split('\n\n');
  const [head = '', ...lines] = top.split('\n');
  const [method = 'GET', target = '/'] = head.split(' ');
  const [path = '/', query = ''] = target.split('?');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) {
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
  }
  const body = Buffer.from(rest.join('\n\n'));
  return {
    ...{
      method: method.toUpperCase(),
      path,
      query: new URLSearchParams(query),
      headers,
      address: '192.0.2.1',
    },
    body: async () => (body.length > 65_536 ? undefined : body),
  };
}

function complaintsAboutResponse(
  request: HttpRequest,
  response: HttpResponse,
  ran: readonly string[],
): string[] {
  const complaints: string[] = [];
  const body = String(response.body);
  const values = Object.values(response.headers).flat();
  if (!STATUSES.includes(response.status)) {
    complaints.push(`status ${response.status}`);
  }
  if (body.includes(SECRET)) {
    complaints.push('told a secret');
  }
  if (values.some((value) => /[^\t\x20-\x7e]/.test(value))) {
    complaints.push('a header with odd characters');
  }
  const policy = response.headers['Content-Security-Policy'];
  if (typeof policy === 'string' && policy.split(';').length !== 13) {
    complaints.push(`a policy with ${policy.split(';').length} parts`);
  }
  if (request.path.startsWith('/api/')) {
    const json = JSON.parse(body) as { code?: string; message?: string };
    const isRefusal = typeof json.code === 'string' && Object.hasOwn(ERRORS, json.code);
    if (response.status >= 400 && !isRefusal) {
      complaints.push(`refused without a code: ${body}`);
    }
  }
  const isOurs = origins.allows(request.headers.get('origin'));
  const cookie = request.headers.get('cookie') ?? '';
  for (const access of ran) {
    const isRead = access.startsWith('read by');
    const needs = access.endsWith('administrator') ? 'administrator' : access === 'everybody' ? '' : '=';
    if ((!isRead && !isOurs) || !cookie.includes(needs)) {
      complaints.push(`${access} ran for ${request.headers.get('origin')} with ${cookie}`);
    }
  }
  return complaints;
}

async function run(input: Buffer): Promise<Verdict> {
  const request = readRequest(input.toString());
  const accounts = new YesAccounts();
  const api = createApi({
    accounts,
    settings: {
      get: (name) => DEFINITIONS[name].initial,
      shown(name) {
        accounts.ran.push('read by administrator');
        return DEFINITIONS[name].initial;
      },
      async put(_by, name) {
        accounts.ran.push('administrator');
        return DEFINITIONS[name].initial;
      },
    },
    terms: {
      current: () => termsOf(builtInTexts('Fernblick'), 1),
      async versions() {
        accounts.ran.push('read by administrator');
        return [];
      },
      async publish() {
        accounts.ran.push('administrator');
      },
    },
    archive: {
      async search() {
        accounts.ran.push('read by somebody signed in');
        return { sessions: [] };
      },
      async record() {
        accounts.ran.push('read by somebody signed in');
        return fail('noSuchSession');
      },
    },
    store: {
      async session() {
        accounts.ran.push('read by somebody signed in');
        return undefined;
      },
      consents: async () => [],
    },
    customers: {
      async rate() {
        accounts.ran.push('everybody');
        return undefined;
      },
    },
    sender: {
      async send() {
        accounts.ran.push('signedIn');
        return {};
      },
      async test() {
        accounts.ran.push('administrator');
        return {};
      },
      preview() {
        accounts.ran.push('administrator');
        return { septets: 0, mailSubject: '', mailText: '' };
      },
      delivered: async () => false,
    },
    refuseOrigin: ({ headers }) =>
      origins.allows(headers.get('origin')) ? undefined : errorResponse('originNotAllowed', false),
    secure: false,
    log: createLog('silent'),
  });
  const response = request.path.startsWith('/api/')
    ? await api(request)
    : (pages(request, false) ?? errorResponse('notFound', false));
  return {
    complaints: complaintsAboutResponse(request, response, accounts.ran),
    accepted: response.status < 300,
  };
}

export const HTTP_TARGET: FuzzTarget = {
  name: 'http',
  about: 'HTTP requests: paths, cookies, origins, hosts, bodies',
  decides: true,
  corpora: ['http'],
  maxBytes: 80_000,
  seeds: SEEDS.map((text) => Buffer.from(text)),
  slowestMs: 500,
  asynchronous: true,
  concurrency: 20,
  make: (random) => Buffer.from(make(random)),
  run,
};
