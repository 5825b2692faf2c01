/**
 * Real: the table of settings and the reading of flags, environment and files; the files lie in a temporary folder.
 * Nothing is faked: command line and environment are arguments.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  configHelp,
  environmentName,
  flagName,
  readConfig,
  SETTINGS,
  type SettingName,
} from '../../relay/config.ts';
import { StartError } from '../../relay/start-error.ts';

const NAMES = Object.keys(SETTINGS) as SettingName[];

type Sources = { argv?: string[]; env?: Record<string, string>; yaml?: string };

/** Reads a configuration; `yaml` is written to a file that `--config` names. */
function read(t: Test, { argv = [], env = {}, yaml }: Sources) {
  if (yaml === undefined) {
    return readConfig({ argv, env });
  }
  const path = join(t.testdir(), 'fernblick.yaml');
  writeFileSync(path, yaml);
  return readConfig({ argv: ['--config', path, ...argv], env });
}

/** The code and sentence that the sources are refused with. */
function refusal(t: Test, sources: Sources): { code: string; message: string } {
  try {
    read(t, sources);
  } catch (error) {
    if (error instanceof StartError) {
      return { code: error.code, message: error.message };
    }
    throw error;
  }
  return { code: '', message: 'was not refused' };
}

t.test('without any source the defaults hold', async (t) => {
  const config = read(t, {});
  t.match(config, {
    port: 8080,
    host: '127.0.0.1',
    dataDir: './data',
    publicUrl: '',
    mediaPorts: { begin: 20_000, end: 20_999 },
    mediaMux: false,
    mediaWorkers: availableParallelism(),
    announcedIps: [],
    invitationMinutes: 20,
    offlineMinutes: 5,
    maxActiveSessions: 1,
    drainSeconds: 25,
    logLevel: 'info',
  });
  t.ok(Object.isFrozen(config));
  t.same(Object.keys(config).sort(), [...NAMES].sort(), 'every setting is in it, and nothing else');
});

t.test('defaults < file < environment < flags', async (t) => {
  const yaml = 'port: 1001\nbrand: File\nofflineMinutes: 11\n';
  const env = { FERNBLICK_PORT: '1002', FERNBLICK_BRAND: 'Environment' };
  const argv = ['--port', '1003'];
  t.match(read(t, { yaml }), { port: 1001, brand: 'File', offlineMinutes: 11, host: '127.0.0.1' });
  t.match(read(t, { yaml, env }), { port: 1002, brand: 'Environment', offlineMinutes: 11 });
  t.match(read(t, { yaml, env, argv }), { port: 1003, brand: 'Environment', offlineMinutes: 11 });
});

t.test('the file can be named in the environment; a flag names another', async (t) => {
  const dir = t.testdir({ 'one.yaml': 'brand: One', 'two.yaml': 'brand: Two' });
  const env = { FERNBLICK_CONFIG: join(dir, 'one.yaml') };
  t.equal(read(t, { env }).brand, 'One');
  t.equal(read(t, { env, argv: [`--config=${join(dir, 'two.yaml')}`] }).brand, 'Two');
  const both = { ...env, FERNBLICK_PORT: '1002' };
  t.equal(read(t, { env: both, argv: [`--config=${join(dir, 'two.yaml')}`] }).port, 1002);
});

t.test('each setting has a flag, an environment variable and a name in the file', async (t) => {
  t.equal(flagName('mediaPorts'), '--media-ports');
  t.equal(environmentName('mediaPorts'), 'FERNBLICK_MEDIA_PORTS');
  const samples: Record<SettingName, [text: string, value: unknown]> = {
    port: ['0', 0],
    host: ['0.0.0.0', '0.0.0.0'],
    dataDir: ['/var/lib/fernblick', '/var/lib/fernblick'],
    publicUrl: ['https://help.example.org/', 'https://help.example.org'],
    lan: ['true', true],
    tlsCert: ['/etc/cert.pem', '/etc/cert.pem'],
    tlsKey: ['/etc/key.pem', '/etc/key.pem'],
    mediaPorts: ['30000-30999', { begin: 30_000, end: 30_999 }],
    mediaMux: ['true', true],
    mediaWorkers: ['3', 3],
    mediaHost: ['192.0.2.1', '192.0.2.1'],
    announcedIps: [' 192.0.2.1, 192.0.2.2,', ['192.0.2.1', '192.0.2.2']],
    turnUrls: [
      'turns:turn.example.org:443?transport=tcp,turn:192.0.2.1',
      ['turns:turn.example.org:443?transport=tcp', 'turn:192.0.2.1'],
    ],
    turnSecret: ['north wind and sun', 'north wind and sun'],
    mediaPreload: [process.execPath, process.execPath],
    adminEmail: ['a@example.org', 'a@example.org'],
    adminPassword: ['correct horse battery', 'correct horse battery'],
    serverKey: ['ab'.repeat(32), 'ab'.repeat(32)],
    brand: ['Ä = 1', 'Ä = 1'],
    invitationMinutes: ['1440', 1440],
    offlineMinutes: ['120', 120],
    maxActiveSessions: ['10', 10],
    drainSeconds: ['86400', 86_400],
    logLevel: ['silent', 'silent'],
  };
  const all: Sources[] = [
    { argv: NAMES.map((name) => `${flagName(name)}=${samples[name][0]}`) },
    {
      argv: NAMES.flatMap((name) =>
        name === 'lan' || name === 'mediaMux' ? [flagName(name)] : [flagName(name), samples[name][0]],
      ),
    },
    { env: Object.fromEntries(NAMES.map((name) => [environmentName(name), samples[name][0]])) },
    { yaml: NAMES.map((name) => `${name}: ${JSON.stringify(samples[name][0])}`).join('\n') },
  ];
  for (const sources of all) {
    const config = read(t, sources);
    for (const name of NAMES) {
      t.same(config[name], samples[name][1], `${name} from ${Object.keys(sources)[0]}`);
    }
  }
});

t.test('a file may write values in the way of YAML', async (t) => {
  const yaml = 'port: 8443\nlan: true\nannouncedIps:\n  - 192.0.2.1\n  - 192.0.2.2\n';
  t.match(read(t, { yaml }), { port: 8443, lan: true, announcedIps: ['192.0.2.1', '192.0.2.2'] });
  t.equal(read(t, { yaml: '' }).port, 8080, 'an empty file changes nothing');
  t.equal(read(t, { yaml: '# nothing yet\n' }).port, 8080, 'nor does one of comments');
});

t.test('secrets come from a file that the environment names, without its line end', async (t) => {
  const dir = t.testdir({ password: 'correct horse battery\n' });
  const env = {
    FERNBLICK_ADMIN_EMAIL: 'a@example.org',
    FERNBLICK_ADMIN_PASSWORD_FILE: join(dir, 'password'),
  };
  t.equal(read(t, { env }).adminPassword, 'correct horse battery');
  t.same(refusal(t, { env: { ...env, FERNBLICK_ADMIN_PASSWORD_FILE: join(dir, 'missing') } }), {
    code: 'configInvalid',
    message: `FERNBLICK_ADMIN_PASSWORD_FILE: the file ${join(dir, 'missing')} cannot be read (ENOENT).`,
  });
  t.match(
    refusal(t, { env: { FERNBLICK_PORT_FILE: join(dir, 'password') } }).message,
    /FERNBLICK_PORT_FILE: there is no such setting/,
    'only secrets have a file',
  );
});

t.test('other variables of the environment are none of ours', async (t) => {
  t.equal(read(t, { env: { PORT: '1', PATH: '/bin', FERNBLICKPORT: '2' } }).port, 8080);
});

t.test('what cannot be used is refused with a sentence that names the place', async (t) => {
  const cases: [Sources, RegExp][] = [
    [{ argv: ['--prot', '1'] }, /^--prot: there is no such option/],
    [{ argv: ['8080'] }, /^8080: there is no such option/],
    [{ argv: ['--port'] }, /^--port: needs a value/],
    [{ argv: ['--config'] }, /^--config: needs a value/],
    [{ argv: ['--port', 'http'] }, /^--port: "http" should be a whole number from 0 to 65535/],
    [{ argv: ['--port', '65536'] }, /^--port: "65536"/],
    [{ argv: ['--port', '-1'] }, /^--port: "-1"/],
    [{ argv: ['--port='] }, /^--port: ""/],
    [{ argv: ['--lan=yes'] }, /^--lan: "yes" should be true or false/],
    [{ argv: ['--media-ports', '20000'] }, /^--media-ports: "20000" should be a range of ports/],
    [{ argv: ['--media-ports', '20999-20000'] }, /^--media-ports: "20999-20000"/],
    [{ argv: ['--media-ports', '80-90'] }, /^--media-ports: "80-90"/],
    [{ argv: ['--media-ports', '60000-65536'] }, /^--media-ports/],
    [{ argv: ['--media-workers', '65'] }, /^--media-workers: "65" should be .* from 0 to 64/],
    [
      { argv: ['--media-workers', '8', '--media-ports', '20000-20006'] },
      /^mediaPorts: 7 ports are too few for 8/,
    ],
    [{ env: { FERNBLICK_PROT: '1' } }, /^FERNBLICK_PROT: there is no such setting/],
    [{ env: { FERNBLICK_PORT: '1.5' } }, /^FERNBLICK_PORT: "1.5"/],
    [{ env: { FERNBLICK_CONFIG: '/nowhere.yaml' } }, /the file \/nowhere\.yaml cannot be read \(ENOENT\)/],
    [{ yaml: 'prot: 1' }, /fernblick\.yaml, prot: there is no such setting/],
    [{ yaml: 'constructor: 1' }, /fernblick\.yaml, constructor: there is no such setting/],
    [{ yaml: 'port: many' }, /fernblick\.yaml, port: "many" should be a whole number/],
    [{ yaml: 'port: [1' }, /fernblick\.yaml: is not valid YAML/],
    [{ yaml: '- port' }, /fernblick\.yaml: should be a list of "name: value" lines/],
    [{ yaml: 'port' }, /fernblick\.yaml: should be a list of "name: value" lines/],
    [{ yaml: 'brand:' }, /fernblick\.yaml, brand: needs a value/],
    [{ yaml: 'brand: {a: 1}' }, /fernblick\.yaml, brand: needs a value/],
    [{ argv: ['--tls-cert', 'a.pem'] }, /^tlsCert and tlsKey: both are needed/],
    [{ argv: ['--log-level', 'loud'] }, /^logLevel: "loud" should be one of trace, debug/],
    [{ argv: ['--public-url', 'help.example.org'] }, /^publicUrl: .* should look like https:/],
    [{ argv: ['--public-url', 'ftp://help.example.org'] }, /^publicUrl/],
    [{ argv: ['--public-url', 'https://help.example.org/path'] }, /^publicUrl/],
    [{ argv: ['--public-url', 'https://help.example.org/?a=b'] }, /^publicUrl/],
    [{ argv: ['--public-url', 'https://user:secret@help.example.org'] }, /^publicUrl/],
    [{ argv: ['--admin-email', 'a@example.org'] }, /^adminEmail and adminPassword: both are needed/],
    [{ argv: ['--turn-urls', 'turn:192.0.2.1'] }, /^turnUrls and turnSecret: both are needed/],
    [{ argv: ['--turn-secret', 'north wind and sun'] }, /^turnUrls and turnSecret: both are needed/],
    [
      { argv: ['--turn-urls', 'turn:192.0.2.1', '--turn-secret', 'north wind'] },
      /^turnSecret: should have at least 16 characters/,
    ],
    [{ argv: ['--turn-urls', 'stun:192.0.2.1'] }, /^turnUrls: "stun:192\.0\.2\.1" should look like turns:/],
    [{ argv: ['--turn-urls', 'turn:a,turn:b,turn:c,turn:d,turn:e'] }, /^turnUrls: 5 addresses are too many/],
    [{ argv: ['--max-active-sessions', '0'] }, /^--max-active-sessions: "0" should be .* from 1 to 10/],
  ];
  for (const [sources, expected] of cases) {
    const { code, message } = refusal(t, sources);
    t.equal(code, 'configInvalid', message);
    t.match(message, expected);
    t.match(message, /\.$/, 'it is a sentence');
  }
});

t.test('a refused secret is not repeated', async (t) => {
  const { message } = refusal(t, { env: { FERNBLICK_ADMIN_PASSWORD: 'correct horse battery' } });
  t.match(message, /both are needed/);
  t.notMatch(message, /horse/);
});

t.test('--lan opens the address unless another one was asked for', async (t) => {
  t.equal(read(t, { argv: ['--lan'] }).host, '0.0.0.0');
  t.equal(read(t, { argv: ['--lan', '--host', '192.0.2.7'] }).host, '192.0.2.7');
  t.equal(read(t, { argv: ['--lan=false'] }).host, '127.0.0.1');
});

t.test('--help names every setting with its flag, variable and sentence', async (t) => {
  const help = configHelp();
  for (const name of NAMES) {
    const line = help.split('\n').find((candidate) => candidate.includes(`  ${flagName(name)} `)) ?? '';
    t.ok(line.includes(` ${environmentName(name)} `), name);
    t.ok(line.includes(SETTINGS[name].about), name);
  }
});
