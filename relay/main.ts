/** Start: read the configuration, open storage, fork the workers, listen, say `ready`; stop on SIGTERM. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderUnicodeCompact } from 'uqr';
import { Accounts } from './accounts.ts';
import { alarmOf, createAdmission } from './admission.ts';
import { createApi, errorResponse, jsonResponse, publicAccount, signInToken } from './api.ts';
import { Archive } from './archive.ts';
import { openBlobFiles } from './blob-files.ts';
import { createChannels } from './channels.ts';
import { type Config, configHelp, readConfig } from './config.ts';
import { openSqliteDirectory } from './directory-sqlite.ts';
import { Drain } from './drain.ts';
import { Finishing } from './finishing.ts';
import { Groups } from './groups.ts';
import { Guessing } from './guessing.ts';
import {
  createInvitationSender,
  type InvitationSender,
  readReport,
  SMS_STATUS_PATH,
  smsStatusPath,
} from './invitation-sender.ts';
import { createLog, type Log } from './log.ts';
import { createMail } from './mail.ts';
import { createMemoryLimiter } from './memory.ts';
import { createOperations } from './operations.ts';
import { readOrigins } from './origins.ts';
import { loadPages } from './pages.ts';
import { createPhotoDownload } from './photo-download.ts';
import { WEBSOCKET_PATH } from './protocol.ts';
import { createRecordingDownload } from './recording-download.ts';
import { recoverRecordings } from './recordings.ts';
import { createSecrets, loadServerKey } from './secrets.ts';
import { type HttpHandler, type HttpRequest, type HttpResponse, listen } from './server.ts';
import { Sessions } from './sessions.ts';
import { openSettings } from './settings.ts';
import { namedFields } from './settings-documents.ts';
import { createSignalling } from './signalling.ts';
import { createSms } from './sms.ts';
import { StartError } from './start-error.ts';
import type { RecordingRecord } from './store.ts';
import { openSqliteStore } from './store-sqlite.ts';
import { openTerms } from './terms.ts';
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

/** A gateway's report has no sign-in and no origin; its address is what proves it. */
async function smsReport(
  request: HttpRequest,
  sender: InvitationSender,
  secure: boolean,
): Promise<HttpResponse> {
  const report = request.method === 'POST' ? readReport((await request.body())?.toString() ?? '') : undefined;
  const known = report && (await sender.delivered(request.path, report));
  return known ? jsonResponse(200, {}, secure) : errorResponse('notFound', secure);
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
  const blob = await openBlobFiles(join(config.dataDir, 'files'));
  const recordings = join(config.dataDir, 'recordings');
  const recovered = await recoverRecordings({ store, folder: recordings, log, now });
  const secrets = createSecrets(loadServerKey(config.dataDir, config.serverKey));
  const settings = await openSettings({
    store,
    secrets,
    log,
    now,
    onChange: (name) => {
      signalling.showSettings();
      if (name === 'groups') {
        sessions.queues.show();
      }
    },
  });
  const groups = new Groups((name) => settings.get(name));
  const directory = await openSqliteDirectory(store, secrets, now());
  const terms = await openTerms({ store, brand: config.brand, now });
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

  const finishing = new Finishing(recordings, log);
  const onRecordingClosed = (recording: RecordingRecord) => {
    const { sessionId, part, state, bytes, dropped, reason } = recording;
    log.info({ sessionId, part, state, bytes, dropped, reason }, 'recordingClosed');
    finishing.finish(recording);
  };
  recovered.forEach(onRecordingClosed);
  await finishing.recover();
  const sessions = await Sessions.open({
    store,
    blob,
    directory,
    plane: workers,
    recording: {
      media: workers,
      folder: recordings,
      policyOf: (accountId) => groups.of(accountId).recording,
      onClosed: onRecordingClosed,
    },
    log,
    secrets,
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
      groupOf: (accountId) => groups.of(accountId).id,
      groups: () => settings.get('groups').groups,
      waitingMs: () => 60_000 * settings.get('sessions').waitingMinutes,
      idleMs: () => 60_000 * settings.get('sessions').idleMinutes,
      customersDraw: (accountId) => groups.of(accountId).customersDraw,
      turn: { urls: config.turnUrls, secret: config.turnSecret },
    },
  });
  const sms = createSms({
    settings: () => settings.get('sms'),
    limiter,
    now,
    statusUrl: (id) => origins.main + smsStatusPath(secrets, id),
  });
  const mail = createMail({ settings: () => settings.get('mail') });
  const sender = createInvitationSender(
    { sessions, settings, groups, sms, mail, brand: config.brand, origin: () => origins.main, now },
    secrets,
  );
  const channels = createChannels({
    groups,
    queue: sessions.queues,
    limiter,
    mail,
    brand: config.brand,
    consoleUrl: () => `${origins.main}/console`,
    log,
  });
  const admission = createAdmission({
    directory,
    guessing: new Guessing(),
    sessions,
    now,
    onLevelChange: (level) => {
      const alarm = alarmOf(level);
      log[alarm === 'none' ? 'info' : 'warn']({ guessing: level }, 'pinGuessing');
      sessions.pinAlarm.ring(alarm).catch((error: unknown) => log.error({ err: error }, 'pinAlarmNotStored'));
    },
  });
  const signalling = createSignalling({
    sessions,
    store,
    channels,
    admission,
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
    terms: () => terms.current(),
    brand: config.brand,
    mayInvite: ({ id }, method) =>
      method === 'pin' ? groups.allows(id, 'pin') : groups.allows(id, 'link', 'sms', 'email'),
    consoleSettings: (account) => ({
      customerUrl: origins.main,
      maxActiveSessions: config.maxActiveSessions,
      smsGateway: sms.ready(),
      mailGateway: mail.ready(),
      ways: groups.of(account.id).ways,
      waitingSteps: {
        amberMs: 1000 * settings.get('sessions').amberSeconds,
        redMs: 1000 * settings.get('sessions').redSeconds,
      },
      awayMs: 60_000 * settings.get('sessions').awayMinutes,
      replies: settings
        .get('sessions')
        .replies.split('\n')
        .map((reply) => reply.trim())
        .filter((reply) => reply !== ''),
      fields: namedFields(settings.get('fields')),
      recording: groups.of(account.id).recording.mode,
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
    admission,
    store,
    version: readVersion(),
    draining,
  });
  const api = createApi({
    accounts,
    settings,
    sender,
    terms,
    store,
    archive: new Archive(store),
    customers: sessions.customers,
    refuseOrigin,
    secure,
    log,
  });
  const photoDownload = createPhotoDownload({ accounts, store, blob, secure, log });
  const recordingDownload = createRecordingDownload({
    ...{ accounts, store, finishing, refuseOrigin, secure, log, now },
  });
  handle = (request) => {
    if (request.path.startsWith('/api/')) {
      return photoDownload(request) ?? recordingDownload(request) ?? api(request);
    }
    if (request.path.startsWith(SMS_STATUS_PATH)) {
      return smsReport(request, sender, secure);
    }
    return operations.respond(request) ?? pages(request, secure) ?? errorResponse('notFound', secure);
  };

  const ticker = setInterval(() => {
    admission.tick();
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
      mail.close();
      await workers.close();
      finishing.close();
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
