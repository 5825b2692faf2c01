/** What a photo says besides its pixels. Real: everything; the files are put together here as cameras do. */
import fc from 'fast-check';
import t from 'tap';
import { withoutTraces } from '../../capture/exif.ts';

const SECRET = '48.137154N 11.576124E Pixel 9';
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function segment(marker: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(0xff00 | marker, 0);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

/** An Exif block in either byte order with one orientation, and the secret behind it. */
function exif(orientation: number, little = false): Buffer {
  const tiff = little
    ? `49492a0008000000 0100 1201 0300 01000000 ${orientation.toString(16).padStart(2, '0')}000000 00000000`
    : `4d4d002a00000008 0001 0112 0003 00000001 00${orientation.toString(16).padStart(2, '0')}0000 00000000`;
  return Buffer.concat([Buffer.from('Exif\0\0'), hex(tiff), Buffer.from(SECRET)]);
}

const JFIF = segment(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1'));
const TABLES = segment(0xdb, Buffer.alloc(65, 1));
const FRAME = segment(0xc0, hex('08 0bb8 0fa0 01 011100'));
/** Stuffed bytes, a restart, and fill bytes within the coded picture. */
const SCAN = Buffer.concat([segment(0xda, hex('01 0100 003f00')), hex('12 ff00 34 ffd0 56 ff00')]);
const PICTURE = Buffer.concat([TABLES, FRAME, SCAN]);
const END = hex('ffd9');
const START = hex('ffd8');

t.test('place, device, previews and what is behind the picture go; the picture stays as it is', async (t) => {
  const icc = segment(0xe2, Buffer.concat([Buffer.from('ICC_PROFILE\0'), Buffer.alloc(20, 7)]));
  const adobe = segment(0xee, Buffer.from('Adobe\0'));
  const photo = Buffer.concat([
    START,
    JFIF,
    segment(0xe1, exif(1)),
    segment(0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0${SECRET}`)),
    icc,
    segment(0xe2, Buffer.from(`MPF\0${SECRET}`)),
    segment(0xed, Buffer.from(`Photoshop 3.0\0${SECRET}`)),
    segment(0xfe, Buffer.from(SECRET)),
    segment(0xe5, Buffer.from(SECRET)),
    adobe,
    PICTURE,
    END,
    START,
    segment(0xe1, exif(1)),
    Buffer.from(SECRET),
  ]);
  const clean = withoutTraces(photo);
  t.ok(clean);
  t.ok(Buffer.from(clean ?? []).equals(Buffer.concat([START, JFIF, icc, adobe, PICTURE, END])));
});

t.test('how it is to be turned stays, in either byte order', async (t) => {
  for (const little of [false, true]) {
    const photo = Buffer.concat([START, segment(0xe1, exif(6, little)), PICTURE, END]);
    const clean = Buffer.from(withoutTraces(photo) ?? []);
    t.notOk(clean.includes(SECRET));
    t.ok(clean.includes(hex('4d4d002a00000008 0001 0112 0003 00000001 0006 0000')));
    t.ok(Buffer.from(withoutTraces(clean) ?? []).equals(clean), 'clean is clean');
  }
});

t.test('a progressive picture with several scans keeps all of them', async (t) => {
  const photo = Buffer.concat([START, JFIF, TABLES, FRAME, SCAN, TABLES, SCAN, END]);
  t.ok(Buffer.from(withoutTraces(photo) ?? []).equals(photo));
});

t.test('of a PNG only picture and colours stay', async (t) => {
  const chunk = (name: string, content: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    return Buffer.concat([length, Buffer.from(name), content, Buffer.alloc(4)]);
  };
  const head = hex('89504e470d0a1a0a');
  const [ihdr, idat, iend] = [
    chunk('IHDR', Buffer.alloc(13, 1)),
    chunk('IDAT', Buffer.alloc(30, 2)),
    chunk('IEND', Buffer.alloc(0)),
  ];
  const secret = ['eXIf', 'tEXt', 'iTXt', 'zTXt', 'tIME'].map((name) => chunk(name, Buffer.from(SECRET)));
  const photo = Buffer.concat([head, ihdr, ...secret, idat, iend, Buffer.from(SECRET)]);
  t.ok(Buffer.from(withoutTraces(photo) ?? []).equals(Buffer.concat([head, ihdr, idat, iend])));
});

t.test('what cannot be read to its end is not taken for clean', async (t) => {
  const whole = Buffer.concat([START, JFIF, segment(0xe1, exif(3)), PICTURE, END]);
  for (let length = 0; length < whole.length; length++) {
    t.equal(withoutTraces(whole.subarray(0, length)), undefined);
  }
  t.equal(withoutTraces(Buffer.from('RIFF....WEBPVP8 ')), undefined, 'other kinds are encoded anew');
});

t.test(
  'whatever is thrown at it, it neither throws nor lets an Exif block with a place through',
  async (t) => {
    const photo = Buffer.concat([START, JFIF, segment(0xe1, exif(6)), PICTURE, END]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(photo.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        (changes) => {
          const spoiled = Buffer.from(photo);
          for (const [at, value] of changes) {
            spoiled[at] = value;
          }
          const clean = withoutTraces(spoiled);
          return clean === undefined || clean.length <= spoiled.length + 40;
        },
      ),
      { numRuns: 3_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        withoutTraces(bytes);
        withoutTraces(Uint8Array.of(0xff, 0xd8, ...bytes));
        withoutTraces(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...bytes));
      }),
      { numRuns: 3_000 },
    );
    t.pass('nothing was thrown');
  },
);
