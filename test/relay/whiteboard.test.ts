/**
 * The whiteboard of real sessions. Real: sessions, their state machine, the SQLite store on disk. Faked: pages (they write
 * down what they are told), the media plane, the clock; time-outs come when the test says so.
 */
import t, { type Test } from 'tap';
import {
  type BoardOperation,
  DRAW_BURST,
  FREEZE_PART_MAX_BYTES,
  type Mark,
  type Sketch,
} from '../../relay/protocol.ts';
import { createWaiting, granted, openScene, Page, type Scene } from '../support/sessions-scene.ts';

const MARK: Mark = { id: 'aaaaaaaa', tool: 'pen', colour: 'blue', points: [1, 2, 3, 4] };
const ADD: BoardOperation = { type: 'add', surface: 0, mark: MARK };
const SKETCH: Sketch = {
  markId: 'bbbbbbbb',
  surface: 0,
  tool: 'laser',
  colour: 'blue',
  from: 0,
  points: [1, 2],
};

function test(name: string, work: (t: Test, scene: Scene) => Promise<void>): void {
  t.test(name, async (t) => {
    const scene = await openScene(t.testdir());
    try {
      await work(t, scene);
    } finally {
      await scene.close();
    }
  });
}

async function active(scene: Scene) {
  const console = new Page();
  await scene.sessions.consoleJoined(scene.anna, console, []);
  const { session, customer } = await createWaiting(scene, scene.anna);
  granted(await scene.sessions.start(scene.anna, session));
  return { console, customer, session, board: session.whiteboard, id: session.record.id };
}

function jpeg(bytes: number): Uint8Array {
  const picture = new Uint8Array(bytes).fill(7);
  picture.set([0xff, 0xd8, 0xff]);
  return picture;
}

/** As the phone sends it. */
function partsOf(surface: number, whole: Uint8Array) {
  const parts = [];
  for (let offset = 0; offset < whole.length; offset += FREEZE_PART_MAX_BYTES) {
    const bytes = whole.subarray(offset, offset + FREEZE_PART_MAX_BYTES);
    parts.push({ surface, offset, totalBytes: whole.length, bytes });
  }
  return parts;
}

test('a mark is on disk, then with both, and still there after a restart', async (t, scene) => {
  const { console, customer, board, id } = await active(scene);
  const before = scene.committed();
  t.equal(await board.draw('technician', ADD), undefined);
  t.equal(scene.committed(), before + 1);
  for (const page of [console, customer]) {
    t.match(page.of('board'), [
      { sessionId: id, change: { type: 'shown', mark: { id: MARK.id, place: 1 } } },
    ]);
  }
  await board.draw('customer', { ...ADD, mark: { ...MARK, id: 'cccccccc' } });
  await board.draw('customer', { type: 'remove', markId: 'cccccccc' });
  const again = granted((await scene.restart()).byId(id)).whiteboard;
  t.match(again.open('technician', 0), {
    changes: [
      { type: 'surface', surface: 0 },
      { type: 'shown', mark: { id: MARK.id, points: MARK.points } },
    ],
    mayDraw: true,
  });
  t.equal(again.open('technician', 0).changes.length, 2, 'what was taken back is not seen');
  t.equal(
    await again.draw('customer', { type: 'restore', markId: 'cccccccc' }),
    undefined,
    'and can be restored',
  );
  t.equal(again.open('technician', 0).changes.length, 3);
});

test('a mark that is not on disk was not drawn', async (t, scene) => {
  const { console, board } = await active(scene);
  scene.failNext();
  await t.rejects(board.draw('technician', ADD));
  t.same(console.of('board'), []);
  t.equal(board.open('technician', 0).changes.length, 1);
  t.equal(await board.draw('technician', ADD), undefined, 'and can be drawn again');
});

test('the log has a line for the first mark and for erasing all', async (t, scene) => {
  const { board, id } = await active(scene);
  await board.draw('customer', ADD);
  await board.draw('technician', { ...ADD, mark: { ...MARK, id: 'cccccccc' } });
  await board.draw('technician', { type: 'clear', surface: 0 });
  await board.draw('technician', { ...ADD, mark: { ...MARK, id: 'dddddddd' } });
  const lines = (await scene.store.events(id)).filter(({ type }) => type.startsWith('board'));
  t.same(
    lines.map(({ type, actor }) => [type, actor]),
    [
      ['boardUsed', 'customer'],
      ['boardErased', 'technician'],
    ],
  );
});

test('nobody draws before the start, after the end, or against the setting of the group', async (t, scene) => {
  const { session, customer } = await createWaiting(scene, scene.anna);
  const { whiteboard: board } = session;
  t.equal(await board.draw('customer', ADD), 'wrongState');
  t.equal(board.sketch('customer', SKETCH), 'wrongState');
  t.equal(board.freeze(), 'wrongState');
  granted(await scene.sessions.start(scene.anna, session));
  scene.settings.customersDraw = false;
  t.equal(await board.draw('customer', ADD), 'notAllowed');
  t.equal(board.sketch('customer', SKETCH), 'notAllowed');
  t.equal(board.open('customer', 0).mayDraw, false);
  t.equal(await board.draw('technician', ADD), undefined);
  t.equal(customer.of('board').length, 1, 'and still sees what the technician draws');
  scene.settings.customersDraw = true;
  t.equal(await board.draw('customer', { ...ADD, mark: { ...MARK, id: 'cccccccc' } }), undefined);
  granted(await scene.sessions.end(scene.anna, session));
  t.equal(await board.draw('technician', { type: 'clear', surface: 0 }), 'wrongState');
});

test('whoever draws too fast is told so', async (t, scene) => {
  const { board } = await active(scene);
  const codes = [];
  for (let at = 0; at <= DRAW_BURST; at++) {
    codes.push(await board.draw('customer', { type: 'remove', markId: 'aaaaaaaa' }));
  }
  t.equal(codes.at(-2), undefined);
  t.equal(codes.at(-1), 'tooManyMessages');
});

test('a sketch goes to the other side and nowhere else', async (t, scene) => {
  const { console, customer, session, board } = await active(scene);
  const before = scene.committed();
  t.equal(board.sketch('technician', SKETCH), undefined);
  t.same(
    customer.of('sketch').map(({ sketch }) => sketch),
    [SKETCH],
  );
  t.same(console.of('sketch'), []);
  await scene.sessions.customers.lost(session, customer, 'connection');
  t.equal(board.sketch('technician', SKETCH), undefined, 'nobody is there to see it');
  t.equal(customer.of('sketch').length, 1);
  t.equal(scene.committed() - before, 1, 'only the loss was written');
});

test('a still is asked for, put together, in front of both, kept over a restart, and gone again', async (t, scene) => {
  const { console, customer, session, board, id } = await active(scene);
  await board.draw('technician', ADD);
  t.equal(board.freeze(), undefined);
  t.equal(board.freeze(), undefined, 'pressed twice is asked once');
  t.same(customer.of('freezeWanted'), [{ type: 'freezeWanted', sessionId: id, surface: 1 }]);
  const whole = jpeg(250_000);
  for (const part of partsOf(1, whole)) {
    t.equal(await board.part(part), undefined);
  }
  for (const page of [console, customer]) {
    t.match(page.of('board').at(-1), { change: { type: 'surface', surface: 1 } });
  }
  await board.draw('customer', { type: 'add', surface: 1, mark: { ...MARK, id: 'ffffffff' } });

  const sessions = await scene.restart();
  const again = granted(sessions.byId(id)).whiteboard;
  const page = new Page();
  let offset = 0;
  while (offset < whole.length) {
    t.same(await again.openStill(page, 1, offset), { totalBytes: whole.length });
    offset += (page.stills.at(-1)?.length ?? 0) - 25;
  }
  t.same(Buffer.concat(page.stills.map((frame) => frame.subarray(25))), Buffer.from(whole));
  t.equal(await again.openStill(page, 1, whole.length), 'wrongState');
  t.equal(await again.openStill(page, 2, 0), 'wrongState');
  t.match(again.open('technician', 0).changes.at(-1), { mark: { id: 'ffffffff', surface: 1 } });

  await board.unfreeze();
  t.match(console.of('board').at(-1), { change: { type: 'surface', surface: 0 } });
  t.equal(
    board.open('technician', 0).changes.length,
    2,
    'the live mark is there again, that of the still is gone',
  );
  t.equal(await scene.store.boardStill(id), undefined);
  t.equal((await scene.store.board(id)).marks.length, 1);
  board.freeze();
  t.equal(customer.of('freezeWanted').at(-1)?.surface, 2);
  t.equal(session.ended, false);
});

test('a still that nobody asked for, or that does not fit together, is not taken', async (t, scene) => {
  const { console, customer, session, board } = await active(scene);
  const [first, second] = partsOf(1, jpeg(150_000));
  if (!first || !second) {
    throw new Error('too short for two parts');
  }
  t.equal(await board.part(first), 'wrongState');
  t.equal(board.freezeFailed(1), 'wrongState');
  board.freeze();
  t.equal(await board.part({ ...first, surface: 9 }), 'wrongState');
  t.equal(await board.part({ ...first, bytes: first.bytes.slice().fill(0) }), 'badMessage');
  t.match(console.of('freezeFailed'), [{ code: 'noStill' }]);
  board.freeze();
  t.equal(await board.part(second), 'badMessage', 'the end before the beginning');
  board.freeze();
  t.equal(await board.part(first), undefined);
  t.equal(await board.part({ ...second, totalBytes: second.totalBytes + 1 }), 'badMessage');
  board.freeze();
  t.equal(board.freezeFailed(1), undefined);
  t.equal(console.of('freezeFailed').length, 4);
  t.match(board.open('technician', 0).changes, [{ type: 'surface', surface: 0 }]);
  await scene.sessions.customers.lost(session, customer, 'connection');
  t.equal(board.freeze(), 'noStill');
});
