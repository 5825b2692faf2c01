/**
 * Every setting once: name, type, default, flag, environment variable and a sentence.
 * Defaults < YAML file < environment (`FERNBLICK_…`, `FERNBLICK_…_FILE` for secrets) < flags.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parse } from 'yaml';
import { StartError } from './start-error.ts';
import { isTurnUrl, TURN_SECRET_MIN_LENGTH, TURN_URLS_MAX } from './turn.ts';

type Kind = 'text' | 'secret' | 'flag' | 'number' | 'ports' | 'list';

type Setting = {
  kind: Kind;
  default: string | number | boolean;
  /** What it is for, one sentence; printed by --help and tested to be in the README. */
  about: string;
  min?: number;
  max?: number;
};

/** Names become `--media-ports`, `FERNBLICK_MEDIA_PORTS` and `mediaPorts:` in the file. */
export const SETTINGS = {
  port: { kind: 'number', default: 8080, min: 0, max: 65535, about: 'TCP port of pages, API and WebSocket.' },
  host: { kind: 'text', default: '127.0.0.1', about: 'Address that the TCP port listens on.' },
  dataDir: { kind: 'text', default: './data', about: 'Folder of the database, keys and files.' },
  publicUrl: {
    kind: 'text',
    default: '',
    about: 'Address under which browsers reach this relay, such as https://help.example.org.',
  },
  lan: {
    kind: 'flag',
    default: false,
    about: 'Serve TLS on all addresses with a generated certificate, for phones on the same network.',
  },
  tlsCert: { kind: 'text', default: '', about: 'PEM file of an own certificate chain; turns TLS on.' },
  tlsKey: { kind: 'text', default: '', about: 'PEM file of the private key of that certificate.' },
  mediaPorts: {
    kind: 'ports',
    default: '20000-20999',
    about: 'UDP ports for media, split among the workers.',
  },
  mediaMux: {
    kind: 'flag',
    default: false,
    about: 'One UDP port per worker instead of one per connection, for strict firewalls.',
  },
  mediaWorkers: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 64,
    about: 'Number of media worker processes; 0 means one per processor core.',
  },
  mediaHost: {
    kind: 'text',
    default: '',
    about: 'Address that media ports listen on; empty means loopback when host is loopback, else all.',
  },
  announcedIps: {
    kind: 'list',
    default: '',
    about: 'Addresses told to browsers for media instead of the own ones, separated by commas.',
  },
  turnUrls: {
    kind: 'list',
    default: '',
    about:
      'TURN servers for networks that block UDP, such as turns:turn.example.org:443?transport=tcp, separated by commas.',
  },
  turnSecret: {
    kind: 'secret',
    default: '',
    about: 'The static-auth-secret of those TURN servers.',
  },
  mediaPreload: {
    kind: 'text',
    default: 'auto',
    about:
      'Memory allocator that media workers load first, as a path; auto: tcmalloc where it is installed, for a tenth less CPU; or none.',
  },
  adminEmail: { kind: 'text', default: '', about: 'Creates the first administrator with this address.' },
  adminPassword: { kind: 'secret', default: '', about: 'Password of that administrator.' },
  serverKey: {
    kind: 'secret',
    default: '',
    about: 'Key that seals secrets at rest, 64 hex digits; without it one is made in the data directory.',
  },
  brand: { kind: 'text', default: 'Fernblick', about: 'Name that customers see.' },
  invitationMinutes: {
    kind: 'number',
    default: 20,
    min: 1,
    max: 1440,
    about: 'Minutes that a PIN or link can be used.',
  },
  offlineMinutes: {
    kind: 'number',
    default: 5,
    min: 1,
    max: 120,
    about: 'Minutes of reconnecting after which a session is shown as Offline.',
  },
  maxActiveSessions: {
    kind: 'number',
    default: 1,
    min: 1,
    max: 10,
    about: 'Active sessions that one technician may have.',
  },
  drainSeconds: {
    kind: 'number',
    // Done before systemd (90 s) and Kubernetes (30 s) kill. Longer helps little: calls resume after a restart.
    default: 25,
    min: 0,
    max: 86_400,
    about: 'Seconds that running calls may go on after SIGTERM before the relay ends.',
  },
  logLevel: { kind: 'text', default: 'info', about: 'trace, debug, info, warn, error or silent.' },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

export type Config = {
  port: number;
  host: string;
  dataDir: string;
  publicUrl: string;
  lan: boolean;
  tlsCert: string;
  tlsKey: string;
  mediaPorts: { begin: number; end: number };
  mediaMux: boolean;
  mediaWorkers: number;
  mediaHost: string;
  announcedIps: readonly string[];
  turnUrls: readonly string[];
  turnSecret: string;
  mediaPreload: string;
  adminEmail: string;
  adminPassword: string;
  serverKey: string;
  brand: string;
  invitationMinutes: number;
  offlineMinutes: number;
  maxActiveSessions: number;
  drainSeconds: number;
  logLevel: string;
};

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const ENV_PREFIX = 'FERNBLICK_';
/** Lowest port an unprivileged process may take. */
const PORT_MIN = 1024;

const names = Object.keys(SETTINGS) as SettingName[];
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const environmentName = (name: SettingName) => ENV_PREFIX + snake(name).toUpperCase();
export const flagName = (name: SettingName) => `--${snake(name).replaceAll('_', '-')}`;

function invalid(where: string, sentence: string): never {
  throw new StartError('configInvalid', `${where}: ${sentence}`);
}

/** Text from any source → value of the setting's kind; throws a StartError that names the source. */
function parseValue(name: SettingName, text: string, where: string): unknown {
  const setting: Setting = SETTINGS[name];
  switch (setting.kind) {
    case 'text':
    case 'secret':
      return text;
    case 'flag':
      if (text !== 'true' && text !== 'false') {
        invalid(where, `"${text}" should be true or false.`);
      }
      return text === 'true';
    case 'number': {
      const value = Number(text);
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = setting;
      if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
        invalid(where, `"${text}" should be a whole number from ${min} to ${max}.`);
      }
      return value;
    }
    case 'ports': {
      const match = /^(\d{1,5})-(\d{1,5})$/.exec(text.trim());
      const begin = Number(match?.[1]);
      const end = Number(match?.[2]);
      if (!match || begin < PORT_MIN || end > 65535 || begin > end) {
        invalid(where, `"${text}" should be a range of ports such as 20000-20999.`);
      }
      return { begin, end };
    }
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
  }
}

type Sources = { argv: readonly string[]; env: NodeJS.ProcessEnv };
type Values = Map<SettingName, unknown>;

function readFlags(argv: readonly string[], values: Values): string | undefined {
  let file: string | undefined;
  const byFlag = new Map(names.map((name) => [flagName(name), name]));
  for (let i = 0; i < argv.length; i++) {
    const [flag = '', inline] = (argv[i] ?? '').split(/=(.*)/s, 2);
    const name = byFlag.get(flag);
    if (flag !== '--config' && name === undefined) {
      invalid(flag, 'there is no such option. --help lists them all.');
    }
    const isFlag = name !== undefined && SETTINGS[name].kind === 'flag';
    const text = inline ?? (isFlag ? 'true' : argv[++i]);
    if (text === undefined) {
      invalid(flag, 'needs a value.');
    }
    if (name === undefined) {
      file = text;
    } else {
      values.set(name, parseValue(name, text, flag));
    }
  }
  return file;
}

function readEnvironment(env: NodeJS.ProcessEnv, values: Values): string | undefined {
  let file: string | undefined;
  const byName = new Map<string, SettingName>(names.map((name) => [environmentName(name), name]));
  for (const [key, text] of Object.entries(env)) {
    if (!key.startsWith(ENV_PREFIX) || text === undefined) {
      continue;
    }
    if (key === `${ENV_PREFIX}CONFIG`) {
      file = text;
      continue;
    }
    const fromFile = key.endsWith('_FILE') ? byName.get(key.slice(0, -'_FILE'.length)) : undefined;
    if (fromFile !== undefined && SETTINGS[fromFile].kind === 'secret') {
      values.set(fromFile, readText(text, key).trim());
      continue;
    }
    const name = byName.get(key);
    if (name === undefined) {
      invalid(key, 'there is no such setting. --help lists them all.');
    }
    values.set(name, parseValue(name, text, key));
  }
  return file;
}

function readText(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    invalid(where, `the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function readFile(path: string, values: Values): void {
  let content: unknown;
  try {
    content = parse(readText(path, '--config')) ?? {};
  } catch (error) {
    if (error instanceof StartError) {
      throw error;
    }
    // The rest shows the place with an arrow, over several lines.
    const [reason = ''] = (error as Error).message.split(':\n');
    invalid(path, `is not valid YAML: ${reason}.`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    invalid(path, 'should be a list of "name: value" lines.');
  }
  for (const [key, value] of Object.entries(content)) {
    const name = names.find((candidate) => candidate === key);
    if (name === undefined) {
      invalid(`${path}, ${key}`, 'there is no such setting. --help lists them all.');
    }
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) {
      invalid(`${path}, ${key}`, 'needs a value.');
    }
    const text = Array.isArray(value) ? value.join(',') : String(value);
    values.set(name, parseValue(name, text, `${path}, ${key}`));
  }
}

/** Reads and checks all sources. @throws StartError `configInvalid` with a sentence that names the place. */
export function readConfig({ argv, env }: Sources): Config {
  const fromFlags: Values = new Map();
  const fromEnvironment: Values = new Map();
  const values: Values = new Map(
    names.map((name) => [name, parseValue(name, String(SETTINGS[name].default), name)]),
  );
  const flagFile = readFlags(argv, fromFlags);
  const file = flagFile ?? readEnvironment(env, fromEnvironment);
  if (flagFile !== undefined) {
    readEnvironment(env, fromEnvironment);
  }
  if (file !== undefined) {
    readFile(file, values);
  }
  const config = Object.fromEntries([...values, ...fromEnvironment, ...fromFlags]) as Config;
  return check(config);
}

function check(config: Config): Config {
  if ((config.tlsCert === '') !== (config.tlsKey === '')) {
    invalid('tlsCert and tlsKey', 'both are needed for TLS with an own certificate.');
  }
  if (!LOG_LEVELS.includes(config.logLevel)) {
    invalid('logLevel', `"${config.logLevel}" should be one of ${LOG_LEVELS.join(', ')}.`);
  }
  if (!URL.canParse(`http://${config.host.includes(':') ? `[${config.host}]` : config.host}`)) {
    invalid('host', `"${config.host}" should be an address or a host name.`);
  }
  if (config.publicUrl !== '' && !isOrigin(config.publicUrl)) {
    invalid('publicUrl', `"${config.publicUrl}" should look like https://help.example.org.`);
  }
  if ((config.adminEmail === '') !== (config.adminPassword === '')) {
    invalid('adminEmail and adminPassword', 'both are needed to create the first administrator.');
  }
  checkTurn(config);
  if (!['auto', 'none'].includes(config.mediaPreload) && !existsSync(config.mediaPreload)) {
    // The dynamic linker would only warn, on the standard error of each worker.
    invalid('mediaPreload', `there is no file ${config.mediaPreload}.`);
  }
  const workers = config.mediaWorkers || availableParallelism();
  const ports = config.mediaPorts.end - config.mediaPorts.begin + 1;
  // With TURN each worker has one more, for the pages that come that way.
  const least = config.turnUrls.length > 0 ? 2 * workers : workers;
  if (ports < least) {
    invalid('mediaPorts', `${ports} ports are too few for ${workers} media workers.`);
  }
  return Object.freeze({
    ...config,
    mediaWorkers: workers,
    host: config.lan && config.host === SETTINGS.host.default ? '0.0.0.0' : config.host,
    publicUrl: config.publicUrl.replace(/\/$/, ''),
  });
}

/** A wrong address would make every RTCPeerConnection throw, so that not even the ways without TURN work. */
function checkTurn({ turnUrls, turnSecret }: Config): void {
  const wrong = turnUrls.find((url) => !isTurnUrl(url));
  if (wrong !== undefined) {
    invalid('turnUrls', `"${wrong}" should look like turns:turn.example.org:443?transport=tcp.`);
  }
  if (turnUrls.length > TURN_URLS_MAX) {
    invalid('turnUrls', `${turnUrls.length} addresses are too many; ${TURN_URLS_MAX} are allowed.`);
  }
  if ((turnUrls.length === 0) !== (turnSecret === '')) {
    invalid('turnUrls and turnSecret', 'both are needed for TURN.');
  }
  if (turnSecret !== '' && turnSecret.length < TURN_SECRET_MIN_LENGTH) {
    invalid('turnSecret', `should have at least ${TURN_SECRET_MIN_LENGTH} characters.`);
  }
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) {
    return false;
  }
  const { protocol, origin, href } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && href === `${origin}/`;
}

/** The text of --help. */
export function configHelp(): string {
  const lines = names.map((name) => {
    const setting: Setting = SETTINGS[name];
    const value = setting.kind === 'secret' ? '' : ` (${String(setting.default) || 'empty'})`;
    return `  ${flagName(name).padEnd(22)} ${environmentName(name).padEnd(30)} ${setting.about}${value}`;
  });
  return [
    'Fernblick: live-video remote support that you host yourself.',
    '',
    'npm start -- [options]',
    '',
    `  ${'--config FILE'.padEnd(22)} ${'FERNBLICK_CONFIG'.padEnd(30)} YAML file with settings by name.`,
    ...lines,
    '',
    'Secrets can also come from a file: FERNBLICK_ADMIN_PASSWORD_FILE.',
  ].join('\n');
}
