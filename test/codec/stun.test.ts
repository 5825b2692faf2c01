/** Real: the STUN message of RFC 5769 2.1 and the response of 2.2, byte for byte. Nothing is faked. */
import t from 'tap';
import * as stun from '../../codec/stun.ts';
import { SAMPLE_REQUEST, SAMPLE_RESPONSE } from './vectors.ts';

t.test('the sample request of RFC 5769 is read', async (t) => {
  const b = SAMPLE_REQUEST;
  t.ok(stun.isStun(b));
  t.equal(stun.messageType(b), stun.BINDING_REQUEST);
  const username = stun.findAttribute(b, stun.USERNAME);
  t.equal(b.toString('latin1', username, username + stun.attributeLength(b, username)), 'evtj:h6vY');
  const tiebreaker = stun.findAttribute(b, stun.ICE_CONTROLLED);
  t.equal(stun.attributeLength(b, tiebreaker), 8);
  t.equal(b.readBigUInt64BE(tiebreaker), 0x932ff9b151263b36n);
  t.equal(stun.findAttribute(b, stun.ICE_CONTROLLING), -1);
  t.equal(stun.attributeLength(b, -1), 0);
  const integrity = stun.findAttribute(b, stun.MESSAGE_INTEGRITY);
  t.equal(stun.attributeLength(b, integrity), 20);
  t.equal(stun.findAttribute(b, stun.FINGERPRINT), b.length - 4, 'behind a padded attribute');
});

t.test('an IPv4 address is written as the sample response has it', async (t) => {
  const b = Buffer.from(SAMPLE_RESPONSE);
  const value = stun.findAttribute(b, stun.XOR_MAPPED_ADDRESS);
  t.ok(stun.putXorMappedIpv4(b, value, '198.51.100.7', 1));
  t.notSame(b, SAMPLE_RESPONSE);
  t.ok(stun.putXorMappedIpv4(b, value, '192.0.2.1', 32_853));
  t.same(b, SAMPLE_RESPONSE);
  for (const address of ['192.0.2', '192.0.2.256', '2001:db8::1', 'a.b.c.d', '']) {
    t.notOk(stun.putXorMappedIpv4(b, value, address, 1), address);
  }
  t.notOk(
    stun.putXorMappedIpv4(b, stun.findAttribute(b, stun.FINGERPRINT), '192.0.2.1', 1),
    'another attribute',
  );
  t.same(b, SAMPLE_RESPONSE, 'what is refused changes nothing');
});

t.test('what is not exactly one STUN message is none', async (t) => {
  for (let length = 0; length < SAMPLE_REQUEST.length; length++) {
    t.notOk(stun.isStun(SAMPLE_REQUEST.subarray(0, length)), `cut to ${length}`);
  }
  t.notOk(stun.isStun(Buffer.concat([SAMPLE_REQUEST, Buffer.alloc(4)])), 'with something behind');
  for (const at of [0, 2, 4, 7]) {
    const b = Buffer.from(SAMPLE_REQUEST);
    b[at] = (b[at] ?? 0) ^ 0x80;
    t.notOk(stun.isStun(b), `with byte ${at} spoiled`);
  }
});

t.test('an attribute that is longer than its message ends the search', async (t) => {
  const b = Buffer.from(SAMPLE_REQUEST);
  b.writeUInt16BE(0xffff, stun.findAttribute(b, stun.ICE_CONTROLLED) - 2);
  t.equal(stun.findAttribute(b, stun.MESSAGE_INTEGRITY), -1);
});

t.test('the end is set as RFC 8489 14.5 wants it for the integrity', async (t) => {
  const b = Buffer.from(SAMPLE_REQUEST);
  stun.setEnd(b, 100);
  t.equal(b.readUInt16BE(2), 80);
  stun.setEnd(b, b.length);
  t.same(b, SAMPLE_REQUEST);
});
