/**
 * Malformed packets: every short length and every single-byte change of every vector, through every function of codec/.
 * A throw, a result outside its range or a write outside the packet is our fault, never the peer's; all faults are
 * listed at once. Real: everything.
 */
import t from 'tap';
import { complaintsAbout } from './every-function.ts';
import { RTCP_PACKETS, RTP_PACKETS } from './vectors.ts';

const PACKETS = { ...RTP_PACKETS, ...RTCP_PACKETS, compound: Buffer.concat(Object.values(RTCP_PACKETS)) };
const MAX_LISTED = 20;

t.test('every vector passes unchanged', async (t) => {
  for (const [name, packet] of Object.entries(PACKETS)) {
    t.same(complaintsAbout(packet), [], name);
  }
});

t.test('every length from 0 to 64 of constant bytes and of every vector', async (t) => {
  const faults: string[] = [];
  for (let length = 0; length <= 64; length++) {
    for (const fill of [0x00, 0x80, 0x90, 0xa0, 0xb0, 0xbf, 0xff]) {
      const b = Buffer.alloc(length, fill);
      for (const second of [0x00, 0x60, 0xc8, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xff]) {
        if (length > 1) {
          b[1] = second;
        }
        faults.push(...complaintsAbout(b).map((fault) => `${length} bytes ${fill}/${second}: ${fault}`));
      }
    }
    for (const [name, packet] of Object.entries(PACKETS)) {
      faults.push(
        ...complaintsAbout(packet.subarray(0, length)).map((fault) => `${name} cut to ${length}: ${fault}`),
      );
    }
  }
  t.same(faults.slice(0, MAX_LISTED), []);
});

t.test('every single-byte change of every vector', async (t) => {
  for (const [name, packet] of Object.entries(PACKETS)) {
    const faults: string[] = [];
    const b = Buffer.from(packet);
    for (let at = 0; at < b.length; at++) {
      const original = b[at] ?? 0;
      // Every bit by itself, and the values at which a length, a count or a type turns over.
      for (const value of [0, 1, 2, 4, 8, 16, 32, 64, 128, 255, 127, original + 1, original - 1, ~original]) {
        for (const changed of [value, original ^ value]) {
          b[at] = changed;
          faults.push(...complaintsAbout(b).map((fault) => `byte ${at} = ${changed & 0xff}: ${fault}`));
        }
      }
      b[at] = original;
    }
    t.same(faults.slice(0, MAX_LISTED), [], name);
  }
});
