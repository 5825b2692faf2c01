/**
 * TLS for phones on the network. Real: the relay as a process with `--lan`, its certificate on disk, TLS handshakes over
 * loopback. The address is loopback instead of all addresses, because nothing here may listen to a network.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { runRelayToEnd, startRelay } from '../support/relay-process.ts';
import { callApi, SignallingClient } from '../support/signalling-client.ts';

/** Status, headers and certificate of one request; the certificate is our own, so nobody vouches for it. */
function request(port: number, path: string) {
  return new Promise<{
    status: number;
    headers: NodeJS.Dict<string | string[]>;
    fingerprint: string;
    names: string;
  }>((resolve, reject) => {
    get({ host: 'localhost', port, path, rejectUnauthorized: false, agent: false }, (response) => {
      const certificate = (response.socket as TLSSocket).getPeerCertificate();
      response.resume();
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        fingerprint: certificate.fingerprint256,
        names: certificate.subjectaltname ?? '',
      });
    }).on('error', reject);
  });
}

const LAN = { args: ['--lan', '--host', 'localhost'] };

t.test('--lan serves TLS with a certificate that stays, and shows the address as a QR code', async (test) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'fernblick-lan-'));
  const first = await startRelay({ ...LAN, dataDir });
  const page = await request(first.port, '/console');
  test.equal(page.status, 200);
  test.match(page.names, /DNS:localhost/);
  test.match(page.headers['strict-transport-security'], /max-age/);
  test.match(page.headers['content-security-policy'], /wss:\/\/localhost/);
  test.ok(
    first.output.some((line) => /^[█▀▄ ]{20,}$/.test(line)),
    'a QR code in the terminal',
  );
  test.ok(
    first.output.some((line) => line.startsWith('ready https://')),
    'the console is announced with https',
  );
  test.equal(statSync(join(dataDir, 'lan-key.pem')).mode & 0o077, 0, 'the key is for its owner only');

  const secure = `https://localhost:${first.port}`;
  const customer = await SignallingClient.customer(secure);
  test.ok(customer.helloResult?.now, 'signalling over wss');
  customer.close();
  await first.stop();

  const second = await startRelay({ ...LAN, dataDir });
  const again = await request(second.port, '/');
  test.equal(again.fingerprint, page.fingerprint, 'the same certificate after a restart');
  await second.stop();

  const own = { tlsCert: join(dataDir, 'lan-cert.pem'), tlsKey: join(dataDir, 'lan-key.pem') };
  const third = await startRelay({ args: ['--tls-cert', own.tlsCert, '--tls-key', own.tlsKey] });
  test.equal((await request(third.port, '/')).fingerprint, page.fingerprint, 'an own certificate');
  await third.stop();

  test.notMatch(readFileSync(own.tlsCert, 'utf8'), /PRIVATE/);
  const broken = await runRelayToEnd({ args: ['--tls-cert', own.tlsKey, '--tls-key', own.tlsCert] });
  test.equal(broken.code, 1);
  test.match(broken.stderr, /cannot be used.*\[tlsInvalid\]/);
  rmSync(dataDir, { recursive: true, force: true });
});

t.test('without TLS nothing pins the host to it', async (test) => {
  const relay = await startRelay();
  const response = await fetch(relay.origin);
  test.equal(response.headers.get('strict-transport-security'), null);
  test.equal((await callApi(relay.origin, 'GET /api/account', undefined)).status, 401);
  test.equal(await relay.stop(), 0);
});
