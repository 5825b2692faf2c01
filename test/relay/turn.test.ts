/**
 * Real: the credentials that the relay makes for a TURN server. Nothing is faked; the expected value comes from
 * `openssl dgst -sha1 -hmac`. That the real server takes them shows test/e2e/udp-blocked.test.ts.
 */
import t from 'tap';
import { iceServers, isTurnUrl } from '../../relay/turn.ts';

const NOW = 1_767_225_600_000;
const TURN = { urls: ['turns:turn.example.org:443?transport=tcp'], secret: 'north wind and sun' };

t.test('a credential is what coturn computes from user name and secret', async (t) => {
  t.same(iceServers(TURN, { sessionId: 1001, role: 'customer' }, NOW), [
    {
      urls: ['turns:turn.example.org:443?transport=tcp'],
      username: '1767232800:session-1001-customer',
      credential: 'tiAP2XKX1wKetqDwbHMMHD/XaKo=',
    },
  ]);
});

t.test('it ends two hours after the offer, and each session and role has its own', async (t) => {
  const seen = new Set<string>();
  for (const sessionId of [1001, 1002]) {
    for (const role of ['customer', 'technician'] as const) {
      for (const now of [NOW, NOW + 1_000]) {
        const [server] = iceServers(TURN, { sessionId, role }, now);
        t.equal(Number(server?.username.split(':')[0]), now / 1000 + 2 * 3600);
        seen.add(server?.credential ?? '');
      }
    }
  }
  t.equal(seen.size, 8);
});

t.test('without TURN servers an offer says nothing of them', async (t) => {
  t.same(iceServers({ urls: [], secret: '' }, { sessionId: 1001, role: 'customer' }, NOW), []);
});

t.test('only addresses that an RTCPeerConnection takes are TURN addresses', async (t) => {
  for (const url of [
    'turn:turn.example.org',
    'turn:192.0.2.1:3478?transport=udp',
    'turns:turn.example.org:443?transport=tcp',
    'turns:[2001:db8::1]:443',
  ]) {
    t.ok(isTurnUrl(url), url);
  }
  for (const url of [
    '',
    'stun:turn.example.org',
    'turn:',
    'turn://turn.example.org',
    'turn:user@turn.example.org',
    'turn:turn.example.org:0',
    'turn:turn.example.org:65536',
    'turn:turn.example.org?transport=tls',
    'turn:turn.example.org/path',
    'turn:turn example.org',
    'https://turn.example.org',
  ]) {
    t.notOk(isTurnUrl(url), url);
  }
});
