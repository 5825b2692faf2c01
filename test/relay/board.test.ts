/**
 * The rules of the whiteboard, and that every page ends with the same one. Real: the relay's board and the pages' board.
 * Nothing is faked; the network is the order in which changes arrive.
 */
import fc from 'fast-check';
import t from 'tap';
import { type BoardStep, SessionBoard } from '../../relay/board.ts';
import { Board } from '../../relay/client/board.ts';
import {
  BOARD_MARKS_MAX,
  BOARD_POINTS_MAX,
  type BoardChange,
  type BoardOperation,
  DRAW_BURST,
  MARK_POINTS_MAX,
  type Mark,
  type MarkTool,
  type Role,
} from '../../relay/protocol.ts';

function mark(id: string, tool: MarkTool = 'pen', points = [1, 2, 3, 4]): Mark {
  return { id, tool, colour: 'blue', points };
}

const add = (id: string, tool?: MarkTool, surface = 0): BoardOperation => ({
  type: 'add',
  surface,
  mark: mark(id, tool),
});

/** @throws unless the step is allowed and changes something */
function make(board: SessionBoard, step: BoardStep | string | undefined): BoardChange {
  if (typeof step !== 'object') {
    throw new Error(`nothing was made: ${step}`);
  }
  board.make(step);
  return step.change;
}

const draw = (board: SessionBoard, operation: BoardOperation, by: Role = 'technician') =>
  make(board, board.plan(operation, by));

const shownIds = (board: SessionBoard) =>
  board.part(0).changes.flatMap((change) => (change.type === 'shown' ? change.mark.id : []));

t.test('everybody takes back and restores their own marks only; the technician erases all', async (t) => {
  const board = new SessionBoard();
  draw(board, add('mine'));
  draw(board, add('theirs'), 'customer');
  t.equal(board.plan({ type: 'remove', markId: 'mine' }, 'customer'), 'notAllowed');
  t.equal(board.plan({ type: 'clear', surface: 0 }, 'customer'), 'notAllowed');
  t.equal(board.plan(add('mine'), 'customer'), 'notAllowed', 'an id of somebody else');
  draw(board, { type: 'remove', markId: 'theirs' }, 'customer');
  t.equal(board.plan({ type: 'restore', markId: 'theirs' }, 'technician'), 'notAllowed');
  t.same(shownIds(board), ['mine']);
  draw(board, { type: 'restore', markId: 'theirs' }, 'customer');
  t.same(shownIds(board), ['mine', 'theirs']);
  draw(board, { type: 'clear', surface: 0 });
  t.same(shownIds(board), []);
  t.equal(board.plan({ type: 'restore', markId: 'theirs' }, 'customer'), 'wrongState');
});

t.test('what is said again changes nothing', async (t) => {
  const board = new SessionBoard();
  draw(board, add('one'));
  t.equal(board.plan(add('one'), 'technician'), undefined);
  t.equal(board.plan({ type: 'restore', markId: 'one' }, 'technician'), undefined);
  draw(board, { type: 'remove', markId: 'one' });
  t.equal(board.plan({ type: 'remove', markId: 'one' }, 'technician'), undefined);
  t.equal(board.plan({ type: 'remove', markId: 'never' }, 'technician'), undefined);
});

t.test('numbers count up, and none is there twice', async (t) => {
  const board = new SessionBoard();
  const numberOf = (change: BoardChange) => (change.type === 'shown' ? change.mark.number : undefined);
  t.equal(numberOf(draw(board, add('a', 'numberedArrow'))), 1);
  t.equal(numberOf(draw(board, add('b', 'numberedArrow'), 'customer')), 2);
  t.equal(numberOf(draw(board, add('plain', 'arrow'))), undefined);
  draw(board, { type: 'remove', markId: 'b' }, 'customer');
  t.equal(numberOf(draw(board, add('c', 'numberedArrow'))), 2, 'one that was taken back is free');
  t.equal(numberOf(draw(board, { type: 'restore', markId: 'b' }, 'customer')), 3);
});

t.test('a new mark gives up what its author took back', async (t) => {
  const board = new SessionBoard();
  draw(board, add('one'));
  draw(board, add('two'), 'customer');
  draw(board, { type: 'remove', markId: 'one' });
  draw(board, { type: 'remove', markId: 'two' }, 'customer');
  draw(board, add('three'));
  t.equal(board.plan({ type: 'restore', markId: 'one' }, 'technician'), 'wrongState');
  t.type(board.plan({ type: 'restore', markId: 'two' }, 'customer'), 'object');
});

t.test('a board holds so many marks and points, and not one more', async (t) => {
  const marks = new SessionBoard();
  for (let count = 0; count < BOARD_MARKS_MAX; count++) {
    draw(marks, add(`m${count}`), count % 2 === 0 ? 'technician' : 'customer');
  }
  t.equal(marks.plan(add('more'), 'technician'), 'boardFull');
  draw(marks, { type: 'clear', surface: 0 });
  t.type(marks.plan(add('more'), 'technician'), 'object');

  const points = new SessionBoard();
  const long = Array.from({ length: 2 * MARK_POINTS_MAX }, () => 7);
  let count = 0;
  for (; (count + 1) * MARK_POINTS_MAX <= BOARD_POINTS_MAX; count++) {
    draw(points, { type: 'add', surface: 0, mark: mark(`p${count}`, 'pen', long) });
  }
  t.equal(points.plan({ type: 'add', surface: 0, mark: mark('q', 'pen', long) }, 'customer'), 'boardFull');
  draw(points, { type: 'remove', markId: `p${count - 1}` });
  t.equal(points.plan({ type: 'add', surface: 0, mark: mark('q', 'pen', long) }, 'customer'), 'boardFull');
  t.type(points.plan({ type: 'add', surface: 0, mark: mark('q', 'pen', long) }, 'technician'), 'object');
});

t.test('nobody draws faster than a hand', async (t) => {
  const board = new SessionBoard();
  let allowed = 0;
  for (let at = 0; at < 1_000; at++) {
    allowed += board.allows('customer', 5_000) ? 1 : 0;
  }
  t.equal(allowed, DRAW_BURST);
  t.ok(board.allows('technician', 5_000), 'the other one has a pace of their own');
  t.notOk(board.allows('customer', 5_050));
  t.ok(board.allows('customer', 5_150));
});

t.test('marks of a still go with it, those of the live picture come back', async (t) => {
  const board = new SessionBoard();
  draw(board, add('live'));
  make(board, board.planSurface(board.nextSurface));
  t.equal(board.surface, 1);
  draw(board, add('frozen', 'pen', 1));
  draw(board, add('late', 'pen', 0), 'customer');
  t.equal(board.plan(add('older', 'pen', 7), 'technician'), 'wrongState');
  make(board, board.planSurface(0));
  t.same(shownIds(board), ['live', 'late']);
  t.equal(board.nextSurface, 2, 'a number is never used again');
  t.equal(board.plan(add('frozen-late', 'pen', 1), 'customer'), 'wrongState');
});

t.test('a board comes in parts', async (t) => {
  const board = new SessionBoard();
  const points = Array.from({ length: 800 }, () => 9_999);
  for (let count = 0; count < 100; count++) {
    draw(board, { type: 'add', surface: 0, mark: mark(`m${count}`, 'pen', points) });
  }
  const page = new Board();
  let after: number | undefined = 0;
  let parts = 0;
  while (after !== undefined) {
    const part = board.part(after);
    t.ok(JSON.stringify(part).length < 100_000);
    for (const change of part.changes) {
      page.apply(change);
    }
    after = part.next;
    parts += 1;
  }
  t.ok(parts > 3, `${parts} parts`);
  t.same(
    page.marks(0).map(({ id }) => id),
    Array.from({ length: 100 }, (_, count) => `m${count}`),
  );
});

// -------------------------------------------------------------- any order

type Said = { by: Role; what: number; which: number; numbered: boolean };

const said = fc.record<Said>({
  by: fc.constantFrom('technician', 'customer'),
  what: fc.integer({ min: 0, max: 9 }),
  which: fc.integer({ min: 0, max: 7 }),
  numbered: fc.boolean(),
});

function stepOf(board: SessionBoard, { by, what, which, numbered }: Said) {
  const id = `m${which}`;
  if (what === 9) {
    return board.planSurface(board.surface === 0 ? board.nextSurface : 0);
  }
  const operation: BoardOperation =
    what < 4
      ? { type: 'add', surface: board.surface, mark: mark(id, numbered ? 'numberedArrow' : 'pen') }
      : what < 6
        ? { type: 'remove', markId: id }
        : what < 8
          ? { type: 'restore', markId: id }
          : { type: 'clear', surface: board.surface };
  return board.plan(operation, by);
}

const seen = (page: Board) => ({ surface: page.surface, marks: page.marks(page.surface) });

t.test('the same changes in any order, also twice, end in the same board', async () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 60 }), fc.infiniteStream(fc.nat()), (conversation, chance) => {
      const relay = new SessionBoard();
      const changes: BoardChange[] = [];
      for (const each of conversation) {
        const step = stepOf(relay, each);
        if (typeof step === 'object') {
          changes.push(make(relay, step));
        }
      }
      const inOrder = new Board();
      for (const change of changes) {
        inOrder.apply(change);
      }
      const shuffled = new Board();
      const next = () => Number(chance.next().value);
      const disorder = [...changes, ...changes.slice(0, 5)]
        .map((change) => ({ change, place: next() }))
        .sort((one, other) => one.place - other.place);
      for (const { change } of disorder) {
        shuffled.apply(change);
      }
      const opened = new Board();
      for (const change of relay.part(0).changes) {
        opened.apply(change);
      }
      const expected = JSON.stringify(seen(inOrder));
      return expected === JSON.stringify(seen(shuffled)) && expected === JSON.stringify(seen(opened));
    }),
    { numRuns: 500 },
  );
});

t.test('a page that opens the board in the middle ends with the same one', async () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 60 }), fc.nat(60), (conversation, middle) => {
      const relay = new SessionBoard();
      const [early, late] = [new Board(), new Board()];
      conversation.forEach((each, at) => {
        if (at === middle) {
          for (const change of relay.part(0).changes) {
            late.apply(change);
          }
        }
        const step = stepOf(relay, each);
        if (typeof step === 'object') {
          const change = make(relay, step);
          early.apply(change);
          if (at >= middle) {
            late.apply(change);
          }
        }
      });
      return conversation.length <= middle || JSON.stringify(seen(early)) === JSON.stringify(seen(late));
    }),
    { numRuns: 500 },
  );
});

t.test('after a restart the board is the one before', async () => {
  fc.assert(
    fc.property(fc.array(said, { maxLength: 40 }), (conversation) => {
      const relay = new SessionBoard();
      for (const each of conversation) {
        const step = stepOf(relay, each);
        if (typeof step === 'object') {
          make(relay, step);
        }
      }
      const again = new SessionBoard();
      again.restore({
        marks: relay
          .part(0)
          .changes.flatMap((change) => (change.type === 'shown' ? { mark: change.mark, hidden: false } : [])),
        surface: relay.surface,
        surfaces: relay.nextSurface - 1,
      });
      const [one, other] = [new Board(), new Board()];
      for (const change of relay.part(0).changes) {
        one.apply(change);
      }
      for (const change of again.part(0).changes) {
        other.apply(change);
      }
      return JSON.stringify(seen(one)) === JSON.stringify(seen(other));
    }),
  );
});
