/** Real: the geometry of covers, what is painted of them, and how they come back from storage. Faked: the canvas, an array of pixels. */
import fc from 'fast-check';
import t from 'tap';
import { COVERS_MAX, type Cover, coveredWord, NO_COVERS, readCovers } from '../../capture/cover-set.ts';
import {
  COVER_MIN,
  coverBetween,
  isLargeEnough,
  mirroredCover,
  moved,
  paintCovers,
  resized,
  withChanged,
  withCover,
  withoutCover,
} from '../../capture/covers.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const anywhere = fc.double({ min: -3, max: 4, noNaN: true });
const cover = fc
  .tuple(share, share, share, share)
  .map(([x, y, toX, toY]) => coverBetween(x, y, toX, toY))
  .filter(isLargeEnough);

const isWithin = ({ x, y, width, height }: Cover) =>
  x >= 0 && y >= 0 && x + width <= 1 + 1e-9 && y + height <= 1 + 1e-9;

t.test('whatever is done to a cover, it stays whole within the picture', async (t) => {
  fc.assert(
    fc.property(cover, anywhere, anywhere, (one, byX, byY) => {
      const ways = [moved(one, byX, byY), resized(one, byX, byY), mirroredCover(one)];
      const [shifted, grown] = ways;
      return (
        ways.every(isWithin) &&
        shifted?.width === one.width &&
        (grown?.width ?? 0) >= Math.min(COVER_MIN, 1 - one.x) - 1e-9 &&
        grown?.x === one.x
      );
    }),
  );
  fc.assert(fc.property(anywhere, anywhere, anywhere, anywhere, (...way) => isWithin(coverBetween(...way))));
  t.pass();
});

t.test('twice in a mirror is where it was', async (t) => {
  fc.assert(fc.property(cover, (one) => Math.abs(mirroredCover(mirroredCover(one)).x - one.x) < 1e-9));
  t.same(mirroredCover({ x: 0, y: 0.1, width: 0.25, height: 0.5 }), {
    x: 0.75,
    y: 0.1,
    width: 0.25,
    height: 0.5,
  });
});

t.test('adding, changing, removing; no more than there is room for', async (t) => {
  let covers = NO_COVERS;
  for (let i = 0; i < COVERS_MAX + 3; i++) {
    covers = withCover(covers);
  }
  t.equal(covers.parts.length, COVERS_MAX);
  const small = { x: 0, y: 0, width: 0.1, height: 0.1 };
  t.same(withChanged(covers, 1, small).parts[1], small);
  t.equal(withoutCover(covers, 0).parts.length, COVERS_MAX - 1);
  t.equal(coveredWord(NO_COVERS), 'nothing');
  t.equal(coveredWord(covers), 'parts');
  t.equal(coveredWord({ ...covers, everything: true }), 'everything');
  t.notOk(isLargeEnough(coverBetween(0.5, 0.5, 0.51, 0.9)), 'a slip of the finger');
});

/** Pixels that are still to be seen. */
function painted(width: number, height: number, covers: Parameters<typeof paintCovers>[1]) {
  const seen = new Set(Array.from({ length: width * height }, (_, i) => i));
  paintCovers(
    {
      fillStyle: '',
      fillRect: (left, top, w, h) => {
        for (let y = Math.max(0, top); y < Math.min(height, top + h); y++) {
          for (let x = Math.max(0, left); x < Math.min(width, left + w); x++) {
            seen.delete(y * width + x);
          }
        }
      },
    },
    covers,
    width,
    height,
  );
  return seen;
}

t.test('no pixel that a cover touches is left, in any size of the picture', async (t) => {
  const size = fc.integer({ min: 1, max: 48 });
  fc.assert(
    fc.property(size, size, fc.array(cover, { minLength: 1, maxLength: 3 }), (width, height, parts) => {
      const seen = painted(width, height, { everything: false, parts });
      return [...seen].every((at) => {
        const [x, y] = [at % width, Math.floor(at / width)];
        return parts.every(
          (part) =>
            (x + 1) / width <= part.x ||
            x / width >= part.x + part.width ||
            (y + 1) / height <= part.y ||
            y / height >= part.y + part.height,
        );
      });
    }),
  );
  t.equal(painted(30, 20, { everything: true, parts: [] }).size, 0);
  t.equal(painted(30, 20, NO_COVERS).size, 600);
  const left = painted(30, 20, { everything: false, parts: [{ x: 0, y: 0, width: 0.5, height: 1 }] });
  t.equal(left.size, 14 * 20, 'and not much more than it');
});

t.test('what storage gives back is what was put there; what cannot be read covers everything', async (t) => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(cover, { maxLength: COVERS_MAX }), (everything, parts) => {
      const covers = { everything, parts };
      t.same(readCovers(JSON.parse(JSON.stringify(covers))), covers);
    }),
  );
  t.same(readCovers(undefined), NO_COVERS, 'nothing was ever covered');
  for (const broken of [
    null,
    7,
    'x',
    {},
    { everything: 'no', parts: [] },
    { everything: false, parts: [{}] },
  ]) {
    t.equal(readCovers(broken).everything, true, JSON.stringify(broken));
  }
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const { everything, parts } = readCovers(value);
      return typeof everything === 'boolean' && parts.length <= COVERS_MAX;
    }),
  );
});
