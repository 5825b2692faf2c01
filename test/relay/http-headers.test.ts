/** Real: the headers of documents and answers. Nothing is faked; the `Host` header is an argument. */
import t from 'tap';
import { contentSecurityPolicy, documentHeaders, plainHeaders } from '../../relay/http-headers.ts';

/** The policy as directive → sources. */
function directives(policy: string): Map<string, string[]> {
  return new Map(
    policy.split('; ').map((directive) => {
      const [name = '', ...sources] = directive.split(' ');
      return [name, sources];
    }),
  );
}

t.test('nothing is allowed that is not named', async (t) => {
  const policy = directives(contentSecurityPolicy('help.example.org', true));
  t.same(policy.get('default-src'), ["'none'"]);
  t.same(policy.get('frame-ancestors'), ["'none'"]);
  t.same(policy.get('base-uri'), ["'none'"]);
  t.same(policy.get('script-src'), ["'self'"]);
  t.same(policy.get('style-src'), ["'self'"]);
  for (const [name, sources] of policy) {
    t.notOk(
      sources.some((source) => source.includes('unsafe') || source === '*' || source === 'https:'),
      `${name} has no exception`,
    );
  }
});

t.test('the socket of this host is a source of its own', async (t) => {
  const cases: [host: string, secure: boolean, socket: string][] = [
    ['help.example.org', true, 'wss://help.example.org'],
    ['localhost:8080', false, 'ws://localhost:8080'],
    ['192.0.2.7:8443', true, 'wss://192.0.2.7:8443'],
    ['[2001:db8::1]:8443', true, 'wss://[2001:db8::1]:8443'],
  ];
  for (const [host, secure, socket] of cases) {
    t.same(directives(contentSecurityPolicy(host, secure)).get('connect-src'), ["'self'", socket]);
  }
});

t.test('a hostile Host header does not get into the policy', async (t) => {
  const plain = contentSecurityPolicy('', true);
  t.same(directives(plain).get('connect-src'), ["'self'"]);
  const hosts = [
    'evil.example; script-src *',
    'evil.example *',
    "x 'unsafe-inline'",
    'a,b',
    'a\r\nSet-Cookie: stolen=1',
    'a\u0000b',
    'user@evil.example',
    'evil.example/path',
    'evil.example?query',
    '*.example.org',
    '[::1',
    '[::1]evil.example',
    'a:b',
    'a:123456',
    'ä.example',
    ' help.example.org',
    'help.example.org\n',
  ];
  for (const host of hosts) {
    t.equal(contentSecurityPolicy(host, true), plain, JSON.stringify(host));
  }
});

t.test('strict transport is promised only where there is TLS', async (t) => {
  t.match(plainHeaders(true), { 'Strict-Transport-Security': /max-age=31536000/ });
  t.notOk('Strict-Transport-Security' in plainHeaders(false));
  for (const secure of [true, false]) {
    t.match(plainHeaders(secure), {
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
    });
  }
});

t.test('documents have the plain headers, the policy, and the permissions that the pages need', async (t) => {
  const headers = documentHeaders('localhost:8080', false);
  t.match(headers, plainHeaders(false));
  t.equal(headers['Content-Security-Policy'], contentSecurityPolicy('localhost:8080', false));
  t.match(headers['Permissions-Policy'], /camera=\(self\), microphone=\(self\)/);
  for (const value of Object.values(headers)) {
    t.match(value, /^[\x20-\x7e]+$/, 'fit for a header');
  }
});
