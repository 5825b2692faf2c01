/** Start: read the configuration, open storage, fork the workers, listen, say `ready`; stop on SIGTERM. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderUnicodeCompact } from 'uqr';
import { Accounts } from './accounts.ts';
import { createAdmission } from './admission.ts';
import { createApi, errorResponse, publicAccount, signInToken } from './api.ts';
import { type Config, configHelp, readConfig } from './config.ts';
import { openSqliteDirectory } from './directory-sqlite.ts';
import { Drain } from './drain.ts';
import { createLog, type Log } from './log.ts';
import { createMemoryLimiter } from './memory.ts';
import { createOperations } from './operations.ts';
import { readOrigins } from './origins.ts';
import { loadPages } from './pages.ts';
import { WEBSOCKET_PATH } from './protocol.ts';
import { createSecrets, loadServerKey } from './secrets.ts';
import { type HttpHandler, type HttpRequest, listen } from './server.ts';
import { Sessions } from './sessions.ts';
import { createSignalling } from './signalling.ts';
import { StartError } from './start-error.ts';
import { openSqliteStore } from './store-sqlite.ts';
import { currentTerms } from './terms.ts';
import { lanAddresses, lanCertificate, type TlsFiles } from './tls.ts';
import { Workers } from './workers.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const TICK_MS = SECOND_MS;
/** Built pages lie beside the built relay: dist/pages, dist/relay. */
const PAGES_DIR = join(import.meta.dirname, '..', 'pages');

/** The operator's few lines; everything else is in the log. */
function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartError(
      'dataDirNotWritable',
      `The data directory ${dataDir} cannot be created (${(error as NodeJS.ErrnoException).code}). Choose another with --data-dir.`,
    );
  }
}

/** The version of the package that this file was built from. */
function readVersion(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    folder = dirname(folder);
  }
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

async function tlsFiles(config: Config): Promise<TlsFiles | undefined> {
  if (config.tlsCert !== '') {
    return { certFile: config.tlsCert, keyFile: config.tlsKey };
  }
  return config.lan ? lanCertificate(config.dataDir, lanAddresses()) : undefined;
}

async function run(config: Config, log: Log): Promise<void> {
  const now = Date.now;
  prepareDataDir(config.dataDir);
  // They load their libraries while the front opens its store.
  const starting = Workers.start({ config, log, now: () => performance.now() });
  // Awaited below; until then a failure is not nobody's.
  starting.catch(() => undefined);
  const pages = loadPages(PAGES_DIR);
  const store = await openSqliteStore(join(config.dataDir, 'fernblick.db'));
  const secrets = createSecrets(loadServerKey(config.dataDir, config.serverKey));
  const directory = await openSqliteDirectory(store, secrets, now());
  const limiter = createMemoryLimiter();
  const accounts = new Accounts(store, limiter, {
    now,
    onSignInsEnded: (accountId) => signalling.recheck(accountId),
  });
  const setUpToken = await accounts.ensureFirstAdministrator(
    config.adminEmail === '' ? undefined : { email: config.adminEmail, password: config.adminPassword },
  );

  const tls = await tlsFiles(config);
  const secure = tls !== undefined || config.publicUrl.startsWith('https:');
  const workers = await starting;

  // The port is known only after listening, and nothing is served before `ready`.
  let handle: HttpHandler = () => errorResponse('draining', secure);
  let origins = readOrigins(config, config.port, secure);
  let drain: Drain | undefined;
  const draining = () => drain?.draining === true;
  const refuseOrigin = (request: HttpRequest) =>
    origins.allows(request.headers.get('origin')) ? undefined : errorResponse('originNotAllowed', secure);

  const sessions = await Sessions.open({
    store,
    directory,
    plane: workers,
    log,
    now,
    later: (callback, delayMs) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    settings: {
      origin: () => origins.main,
      invitationMs: config.invitationMinutes * MINUTE_MS,
      offlineMs: config.offlineMinutes * MINUTE_MS,
      maxActiveSessions: config.maxActiveSessions,
      turn: { urls: config.turnUrls, secret: config.turnSecret },
    },
  });
  const signalling = createSignalling({
    sessions,
    admission: createAdmission({ directory, limiter, sessions, now }),
    accountOf: async (request) => {
      const account = await accounts.byToken(signInToken(request) ?? '');
      return account && publicAccount(account);
    },
    refuseOrigin,
    refusal: (sessionId) => {
      if (draining()) {
        return 'draining';
      }
      return workers.canTake(sessionId) ? undefined : 'relayFull';
    },
    terms: currentTerms(config.brand),
    brand: config.brand,
    consoleSettings: () => ({
      customerUrl: origins.main,
      maxActiveSessions: config.maxActiveSessions,
      smsGateway: false,
      mailGateway: false,
    }),
    log,
    now,
  });
  const server = await listen({
    host: config.host,
    port: config.port,
    ...(tls ? { tls } : {}),
    http: (request) => handle(request),
    socketPath: WEBSOCKET_PATH,
    socket: signalling,
  });
  origins = readOrigins(config, server.port, secure);
  const operations = createOperations({
    workers,
    sessions,
    signalling,
    store,
    version: readVersion(),
    draining,
  });
  const api = createApi({ accounts, refuseOrigin, secure, log });
  handle = (request) => {
    if (request.path.startsWith('/api/')) {
      return api(request);
    }
    return operations.respond(request) ?? pages(request, secure) ?? errorResponse('notFound', secure);
  };

  const ticker = setInterval(() => {
    sessions.tick().catch((error: unknown) => log.error({ err: error }, 'tickFailed'));
  }, TICK_MS);

  drain = new Drain({
    graceMs: config.drainSeconds * SECOND_MS,
    callCount: () => {
      const sessionsByState = sessions.countByState();
      return (sessionsByState.get('active') ?? 0) + (sessionsByState.get('onHold') ?? 0);
    },
    begin: () => log.info('draining'),
    end: async () => {
      clearInterval(ticker);
      signalling.closeAll();
      server.close();
      await workers.close();
      await store.close();
    },
    exit: (code) => process.exit(code),
    print,
    onError: (error) => log.fatal({ err: error }, 'stopFailed'),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => drain?.signal());
  }

  if (setUpToken !== undefined) {
    print(`There is no account yet. Set up the first administrator here, once:`);
    print(`  ${origins.main}/console/set-up?token=${setUpToken}`);
  }
  if (config.lan) {
    print(`Phones on this network open ${origins.main} (the browser warns once about the certificate):`);
    print(renderUnicodeCompact(origins.main));
  }
  print(`ready ${origins.main}/console`);
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) {
    print(configHelp());
    return;
  }
  const config = readConfig({ argv, env: process.env });
  const log = createLog(config.logLevel);
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandledRejection'));
  await run(config, log);
}

main().catch((error: unknown) => {
  const known = error instanceof StartError;
  process.stderr.write(known ? `${error.message} [${error.code}]\n` : `${(error as Error).stack}\n`);
  process.exit(1);
});
