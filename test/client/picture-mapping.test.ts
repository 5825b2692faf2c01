/** Where points lie on a picture, for any element, picture, turn and mirror. Nothing is faked. */
import fc from 'fast-check';
import t from 'tap';
import { fitPicture, type PictureView, toElement, toPicture } from '../../relay/client/picture-mapping.ts';
import { BOARD_UNITS } from '../../relay/protocol.ts';

const length = fc.double({ min: 20, max: 4_000, noNaN: true });
const size = fc.record({ width: length, height: length });
const coordinate = fc.integer({ min: 0, max: BOARD_UNITS });
const view = fc
  .record({
    element: size,
    picture: size,
    fit: fc.constantFrom('contain' as const, 'cover' as const),
    quarterTurns: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
    mirrored: fc.boolean(),
  })
  .map(({ element, picture, fit, quarterTurns, mirrored }) => ({
    element,
    picture,
    fit,
    view: { content: fitPicture(element, picture, fit, quarterTurns), quarterTurns, mirrored } as PictureView,
  }));

t.test('a point of the picture is found again where it is shown', async () => {
  fc.assert(
    fc.property(view, coordinate, coordinate, ({ view }, x, y) => {
      const there = toPicture(view, toElement(view, { x, y }));
      return Math.abs(there.x - x) <= 1 && Math.abs(there.y - y) <= 1;
    }),
  );
});

t.test('whatever is pressed, the point is on the picture', async () => {
  const anywhere = fc.double({ noDefaultInfinity: false });
  fc.assert(
    fc.property(view, anywhere, anywhere, ({ view }, x, y) => {
      const { x: u, y: v } = toPicture(view, { x, y });
      return [u, v].every((value) => Number.isInteger(value) && value >= 0 && value <= BOARD_UNITS);
    }),
  );
});

t.test('a picture keeps its shape; all of it is seen, or all of the element is covered', async () => {
  fc.assert(
    fc.property(view, ({ element, picture, fit, view: { content, quarterTurns } }) => {
      const shape = quarterTurns % 2 === 0 ? picture.width / picture.height : picture.height / picture.width;
      const isKept = Math.abs(content.width / content.height / shape - 1) < 1e-6;
      const over = [content.width - element.width, content.height - element.height];
      const fits = fit === 'contain' ? over.every((more) => more < 1e-6) : over.every((more) => more > -1e-6);
      return isKept && fits;
    }),
  );
});

t.test('two pages of different shape mean the same spot', async (t) => {
  const picture = { width: 1280, height: 720 };
  const plain = { quarterTurns: 0, mirrored: false } as const;
  const desk: PictureView = {
    ...plain,
    content: fitPicture({ width: 800, height: 600 }, picture, 'contain'),
  };
  t.same(desk.content, { left: 0, top: 75, width: 800, height: 450 });
  const at = toPicture(desk, { x: 200, y: 75 + 225 });
  t.same(at, { x: 2_500, y: 5_000 });
  const phone = fitPicture({ width: 390, height: 844 }, picture, 'cover');
  t.same(toElement({ ...plain, content: phone }, { x: 5_000, y: 5_000 }), { x: 195, y: 422 });
  const own = toElement(
    { ...plain, content: { left: 0, top: 0, width: 100, height: 50 }, mirrored: true },
    at,
  );
  t.same(own, { x: 75, y: 25 });
  const turned: PictureView = {
    content: { left: 0, top: 0, width: 50, height: 100 },
    quarterTurns: 1,
    mirrored: false,
  };
  t.same(toElement(turned, { x: 0, y: 0 }), { x: 50, y: 0 }, 'the top left corner, turned clockwise');
});
