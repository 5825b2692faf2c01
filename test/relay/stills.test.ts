/** Everything that a still's frame can be, and the pace of stills. Nothing is faked; time is an argument. */
import t from 'tap';
import { STILL_HEADER_BYTES, STILL_INTERVAL_MIN_MS, STILL_MAX_BYTES } from '../../relay/protocol.ts';
import { readStill, StillPace, showStill } from '../../relay/stills.ts';

const JPEG = [0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10];

function frame(...bytes: number[]): Uint8Array {
  // In the middle of other memory, as the socket hands it over.
  const memory = new Uint8Array(bytes.length + 16).fill(0xee);
  memory.set(bytes, 8);
  return memory.subarray(8, 8 + bytes.length);
}

t.test('a still has an id and a JPEG', async (t) => {
  const still = readStill(frame(1, 0xff, 0xff, 0xff, 0xfe, ...JPEG));
  t.match(still, { ok: true, id: 0xfffffffe });
  t.same(still.ok && [...still.jpeg], JPEG);
});

t.test('what is no still is refused, with its id where it has one', async (t) => {
  t.same(readStill(frame()), { ok: false, id: 0, code: 'badMessage' });
  t.same(readStill(frame(1, 0, 0, 0)), { ok: false, id: 0, code: 'badMessage' });
  t.same(readStill(frame(1, 0, 0, 0, 7)), { ok: false, id: 7, code: 'badMessage' });
  t.same(readStill(frame(1, 0, 0, 0, 7, 0xff, 0xd8)), { ok: false, id: 7, code: 'badMessage' });
  t.same(readStill(frame(1, 0, 0, 0, 7, 0x89, 0x50, 0x4e, 0x47)), { ok: false, id: 7, code: 'badMessage' });
  for (const kind of [0, 2, 0x7b, 255]) {
    t.same(readStill(frame(kind, 0, 0, 0, 7, ...JPEG)), { ok: false, id: 7, code: 'unknownMessage' });
  }
});

t.test('a still may have 128 KiB and not a byte more', async (t) => {
  const largest = new Uint8Array(STILL_HEADER_BYTES + STILL_MAX_BYTES + 1);
  largest.set([1, 0, 0, 0, 7, ...JPEG]);
  t.ok(readStill(largest.subarray(0, -1)).ok);
  t.same(readStill(largest), { ok: false, id: 7, code: 'messageTooLarge' });
});

t.test('every truncated and every altered frame gets an answer', async (t) => {
  const whole = frame(1, 0, 0, 0, 7, ...JPEG);
  for (let length = 0; length <= whole.length; length++) {
    t.equal(readStill(whole.subarray(0, length)).ok, length >= STILL_HEADER_BYTES + 3, `${length} bytes`);
  }
  for (let at = 0; at < whole.length; at++) {
    for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
      const altered = whole.slice();
      altered[at] = byte;
      t.type(readStill(altered).id, 'number');
    }
  }
});

t.test('the technician is told whose still it is, with numbers beyond 32 bits', async (t) => {
  const sessionId = 2 ** 40 + 5;
  const shown = showStill(sessionId, frame(...JPEG));
  const header = new DataView(shown.buffer);
  t.equal(header.getUint8(0), 1);
  t.equal(header.getUint32(1), 0);
  t.equal(header.getFloat64(5), sessionId);
  t.same([...shown.subarray(13)], JPEG);
});

t.test('stills that come too fast are refused and do not hold up the next one', async (t) => {
  const pace = new StillPace();
  t.ok(pace.allows(1_000));
  t.notOk(pace.allows(1_000));
  t.notOk(pace.allows(1_000 + STILL_INTERVAL_MIN_MS - 1));
  t.ok(pace.allows(1_000 + STILL_INTERVAL_MIN_MS));
  t.ok(pace.allows(0), 'a clock that was set back');
});
