/** Marks as a hand makes them. Real: the hand, the relay's schema. Faked: clock and relay. */
import fc from 'fast-check';
import t from 'tap';
import { DrawingHand, type DrawingTool } from '../../relay/client/drawing-hand.ts';
import type { Point } from '../../relay/client/picture-mapping.ts';
import { parseClientMessage } from '../../relay/messages.ts';
import { BOARD_UNITS, MARK_TOOLS, type Mark, type Sketch } from '../../relay/protocol.ts';

function scene({ flows = true } = {}) {
  const marks: Mark[] = [];
  const sketches: Sketch[] = [];
  const written: Point[] = [];
  let timer: (() => void) | undefined;
  let id = 0;
  const network = { flows };
  const hand = new DrawingHand({
    add: (mark) => marks.push(mark),
    sketch: (sketch) => sketches.push(sketch),
    sketchesFlow: () => network.flows,
    surface: () => 0,
    write: (at) => written.push(at),
    later: (callback) => {
      timer = callback;
      return () => {
        timer = undefined;
      };
    },
    newId: () => {
      id += 1;
      return `mark000${id}`;
    },
  });
  const tick = () => {
    const due = timer;
    timer = undefined;
    due?.();
  };
  return { hand, marks, sketches, written, network, tick };
}

const takes = (request: object) => parseClientMessage(JSON.stringify({ id: 1, sessionId: 1, ...request })).ok;

t.test('a stroke is told at once, then in batches, and is a mark in the end', async (t) => {
  const { hand, marks, sketches, tick } = scene();
  hand.begin({ x: 100, y: 100 });
  t.same(sketches[0], {
    markId: 'mark0001',
    surface: 0,
    tool: 'pen',
    colour: 'vermilion',
    from: 0,
    points: [100, 100],
  });
  hand.move({ x: 200, y: 100 });
  hand.move({ x: 205, y: 100 });
  hand.move({ x: 300, y: 100 });
  t.equal(sketches.length, 1);
  tick();
  t.match(sketches[1], { from: 1, points: [200, 100, 300, 100] });
  hand.move({ x: 400, y: 100 });
  hand.end();
  t.match(sketches.at(-1), { from: 3, points: [400, 100] });
  t.same(marks, [
    { id: 'mark0001', tool: 'pen', colour: 'vermilion', points: [100, 100, 200, 100, 300, 100, 400, 100] },
  ]);
  t.equal(hand.stroke, undefined);
});

t.test('on a slow way the batches get larger', async (t) => {
  const { hand, sketches, network, tick } = scene({ flows: false });
  hand.begin({ x: 0, y: 0 });
  hand.move({ x: 100, y: 0 });
  tick();
  hand.move({ x: 200, y: 0 });
  tick();
  t.same(sketches, []);
  network.flows = true;
  hand.move({ x: 300, y: 0 });
  tick();
  t.same(
    sketches.flatMap(({ points }) => points),
    [0, 0, 100, 0, 200, 0, 300, 0],
  );
});

t.test('a press without a way gives a mark of ordinary size', async (t) => {
  const { hand, marks } = scene();
  for (const tool of ['arrow', 'numberedArrow', 'circle', 'rectangle'] as const) {
    hand.tool = tool;
    hand.begin({ x: 50, y: 9_990 });
    hand.end();
  }
  t.equal(marks.length, 4);
  t.same(marks[0]?.points.slice(2), [50, 9_990], 'the arrow points at it');
  t.ok(marks.every(({ points }) => Math.hypot((points[2] ?? 0) - (points[0] ?? 0)) > 100));
});

t.test(
  'a text is asked for and written; the laser leaves nothing; a stroke that is given up neither',
  async (t) => {
    const { hand, marks, written } = scene();
    hand.tool = 'text';
    hand.begin({ x: 10, y: 20 });
    t.same(written, [{ x: 10, y: 20 }]);
    hand.write({ x: 10, y: 20 }, 'Valve');
    t.match(marks, [{ tool: 'text', text: 'Valve', points: [10, 20] }]);
    hand.tool = 'laser';
    hand.begin({ x: 10, y: 20 });
    hand.end();
    hand.tool = 'pen';
    hand.begin({ x: 10, y: 20 });
    hand.cancel();
    hand.end();
    t.equal(marks.length, 1);
  },
);

t.test('a laser is on for as long as it is held, and its points are sent once', async (t) => {
  const { hand, sketches, tick } = scene();
  hand.tool = 'laser';
  hand.begin({ x: 10, y: 20 });
  for (let at = 1; at <= 2_000; at++) {
    hand.move({ x: at % 2 === 0 ? 10 : 5_000, y: 20 });
    tick();
  }
  t.equal(sketches.length, 2_001);
  t.ok(sketches.every(({ points, from }) => points.length === 2 && from <= 1));
  tick();
  tick();
  t.equal(sketches.length, 2_002, 'standing still, it is told again');
  hand.tool = 'pen';
  tick();
  t.equal(sketches.length, 2_002, 'another tool in the hand puts it out');
  t.equal(hand.stroke, undefined);
});

t.test('whatever a hand does, the relay can read it', async () => {
  const coordinate = fc.integer({ min: 0, max: BOARD_UNITS });
  const point = fc.record({ x: coordinate, y: coordinate });
  const tool = fc.constantFrom<DrawingTool>(...MARK_TOOLS, 'laser');
  fc.assert(
    fc.property(tool, fc.array(point, { minLength: 1, maxLength: 3_000, size: 'max' }), (tool, way) => {
      const { hand, marks, sketches, tick } = scene();
      hand.tool = tool;
      way.forEach((at, index) => {
        if (index === 0) {
          hand.begin(at);
        } else {
          hand.move(at);
        }
        if (index % 7 === 0) {
          tick();
        }
      });
      hand.end();
      return (
        marks.every((mark) => takes({ type: 'draw', operation: { type: 'add', surface: 0, mark } })) &&
        sketches.every((sketch) => takes({ type: 'sketch', sketch }))
      );
    }),
    { numRuns: 60 },
  );
});
