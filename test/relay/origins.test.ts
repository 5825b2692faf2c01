/** Real: which pages may talk to the relay, with the addresses of this machine's network. Nothing is faked. */
import t from 'tap';
import { readConfig } from '../../relay/config.ts';
import { readOrigins } from '../../relay/origins.ts';
import { lanAddresses } from '../../relay/tls.ts';

const origins = (argv: string[], port = 8080, secure = false) =>
  readOrigins(readConfig({ argv, env: {} }), port, secure);

t.test('by default only pages of this machine may talk to the relay', async (t) => {
  const { main, allows } = origins([]);
  t.equal(main, 'http://localhost:8080');
  for (const origin of ['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:8080']) {
    t.ok(allows(origin), origin);
  }
  const strangers = [
    undefined,
    '',
    'null',
    'http://localhost',
    'http://localhost:8081',
    'https://localhost:8080',
    'http://localhost:8080/',
    'http://localhost:8080.evil.example',
    'http://evil.example',
    'http://localhost.evil.example:8080',
    'HTTP://LOCALHOST:8080',
    'file://',
  ];
  for (const origin of strangers) {
    t.notOk(allows(origin), String(origin));
  }
});

t.test('a page of this machine by its address in the network may', async (t) => {
  const addresses = lanAddresses();
  t.comment(`${addresses.length} addresses`);
  for (const address of addresses) {
    t.ok(origins([]).allows(`http://${address}:8080`), address);
  }
  t.notOk(origins([]).allows('http://192.0.2.77:8080'), 'but none of another machine');
});

t.test('the public address leads, and its pages may', async (t) => {
  const { main, allows } = origins(['--public-url', 'https://Help.example.org/'], 8080, true);
  t.equal(main.toLowerCase(), 'https://help.example.org');
  t.ok(allows('https://help.example.org'));
  t.notOk(allows('http://help.example.org'));
  t.notOk(allows('https://help.example.org:8080'));
  t.ok(origins(['--public-url', 'https://help.example.org:444']).allows('https://help.example.org:444'));
});

t.test('the port that the scheme implies is not part of an origin', async (t) => {
  t.ok(origins([], 443, true).allows('https://localhost'));
  t.ok(origins([], 80).allows('http://localhost'));
  t.equal(origins([], 443, true).main, 'https://localhost');
});

t.test('the address that it listens on counts, unless it stands for all', async (t) => {
  t.ok(origins(['--host', '192.0.2.7']).allows('http://192.0.2.7:8080'));
  t.ok(origins(['--host', '2001:db8::7']).allows('http://[2001:db8::7]:8080'));
  t.notOk(origins(['--host', '0.0.0.0']).allows('http://0.0.0.0:8080'));
  t.notOk(origins(['--host', '::']).allows('http://[::]:8080'));
});

t.test('for phones on the network the address of the network leads', async (t) => {
  const [first] = lanAddresses();
  t.equal(origins(['--lan'], 8443, true).main, `https://${first ?? 'localhost'}:8443`);
});
