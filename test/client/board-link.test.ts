/**
 * One person's marks on their way. Real: the link, the pages' board, the relay's board behind it. Faked: the socket, which
 * answers when the test says so, and the clock.
 */
import t from 'tap';
import { SessionBoard } from '../../relay/board.ts';
import { type BoardHost, BoardLink } from '../../relay/client/board-link.ts';
import { RequestError } from '../../relay/client/connection.ts';
import type { BoardOperation, ErrorCode, Mark, Role, Sketch } from '../../relay/protocol.ts';

const mark = (id: string, tool: Mark['tool'] = 'pen'): Mark => ({
  id,
  tool,
  colour: 'blue',
  points: [1, 2, 3, 4],
});

class Relay {
  readonly board = new SessionBoard();
  readonly drawn: BoardOperation[] = [];
  readonly sketched: Sketch[] = [];
  readonly links: { link: BoardLink; me: Role }[] = [];
  connected = true;
  /** What `draw` is refused with next. */
  refusal: ErrorCode | undefined;
  /** Answers are lost after the work was done. */
  deaf = false;
  now = 0;
  readonly timers: (() => void)[] = [];
  readonly refused: ErrorCode[] = [];

  link(me: Role): BoardLink {
    const request = (async (type: string, params: never) =>
      this.#answer(me, type, params)) as BoardHost['request'];
    const link = new BoardLink({
      sessionId: 1,
      me,
      request,
      changed: () => undefined,
      refused: (code) => this.refused.push(code),
      now: () => this.now,
      later: (callback) => {
        this.timers.push(callback);
        return () => undefined;
      },
    });
    this.links.push({ link, me });
    return link;
  }

  async #answer(
    me: Role,
    type: string,
    params: { operation: BoardOperation; after: number; sketch: Sketch },
  ) {
    await Promise.resolve();
    if (!this.connected) {
      throw new RequestError('notConnected', '');
    }
    if (type === 'openBoard') {
      return { ...this.board.part(params.after), mayDraw: true };
    }
    if (type === 'sketch') {
      this.sketched.push(params.sketch);
      await new Promise(() => undefined);
    }
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal) {
      throw new RequestError(refusal, '');
    }
    this.drawn.push(params.operation);
    const step = this.board.plan(params.operation, me);
    if (typeof step === 'string') {
      throw new RequestError(step, '');
    }
    if (step) {
      this.board.make(step);
      for (const { link } of this.links) {
        link.hear({ type: 'board', sessionId: 1, change: step.change });
      }
    }
    if (this.deaf) {
      throw new RequestError('notConnected', '');
    }
    return {};
  }
}

/** Lets everything that is on its way arrive. */
const arrive = () => new Promise((resolve) => setImmediate(resolve));

const ids = (link: BoardLink) => link.marks.map(({ id }) => id);

t.test('a mark is there at once, and then with the other one', async (t) => {
  const relay = new Relay();
  const [technician, customer] = [relay.link('technician'), relay.link('customer')];
  t.notOk(technician.mayDraw, 'before the board is open');
  await Promise.all([technician.open(), customer.open()]);
  t.ok(technician.mayDraw);
  technician.add(mark('aaaaaaaa'));
  t.same(ids(technician), ['aaaaaaaa']);
  t.same(ids(customer), []);
  await arrive();
  t.same(ids(customer), ['aaaaaaaa']);
  t.equal(technician.marks, technician.marks, 'the same array until something changes');
});

t.test('what is drawn without a connection gets there, once, in order', async (t) => {
  const relay = new Relay();
  const technician = relay.link('technician');
  await technician.open();
  relay.connected = false;
  technician.add(mark('aaaaaaaa'));
  technician.add(mark('bbbbbbbb'));
  technician.undo();
  await arrive();
  t.same(ids(technician), ['aaaaaaaa']);
  relay.connected = true;
  relay.deaf = true;
  await technician.open();
  await arrive();
  t.same(relay.drawn.length, 1, 'the answer was lost');
  relay.deaf = false;
  await technician.open();
  await arrive();
  t.same(
    relay.drawn.map(({ type }) => type),
    ['add', 'add', 'add', 'remove'],
  );
  t.same(ids(technician), ['aaaaaaaa']);
  t.ok(technician.canRedo);
  technician.redo();
  t.same(ids(technician), ['aaaaaaaa', 'bbbbbbbb']);
  await arrive();
  t.same(ids(technician), ['aaaaaaaa', 'bbbbbbbb']);
  t.notOk(technician.canRedo);
});

t.test('undo and redo are everybody’s own', async (t) => {
  const relay = new Relay();
  const [technician, customer] = [relay.link('technician'), relay.link('customer')];
  await Promise.all([technician.open(), customer.open()]);
  technician.add(mark('aaaaaaaa'));
  await arrive();
  customer.add(mark('bbbbbbbb'));
  await arrive();
  t.ok(technician.canUndo);
  technician.undo();
  await arrive();
  t.same(ids(customer), ['bbbbbbbb']);
  t.notOk(technician.canUndo, 'the other mark is not theirs');
  technician.undo();
  customer.redo();
  await arrive();
  t.same(ids(technician), ['bbbbbbbb']);
  technician.redo();
  technician.undo();
  technician.redo();
  await arrive();
  t.same(ids(technician), ['aaaaaaaa', 'bbbbbbbb'], 'in its old place');
  technician.undo();
  technician.add(mark('cccccccc'));
  t.notOk(technician.canRedo, 'a new mark ends that');
  technician.clear();
  t.same(ids(technician), []);
  await arrive();
  t.same(ids(customer), []);
});

t.test('numbers are right before the relay has said them', async (t) => {
  const relay = new Relay();
  const technician = relay.link('technician');
  await technician.open();
  relay.connected = false;
  technician.add(mark('aaaaaaaa', 'numberedArrow'));
  technician.add(mark('bbbbbbbb', 'numberedArrow'));
  await arrive();
  t.same(
    technician.marks.map(({ number }) => number),
    [1, 2],
  );
});

t.test('a refusal that passes is tried again; another one is told and the mark is gone', async (t) => {
  const relay = new Relay();
  const technician = relay.link('technician');
  await technician.open();
  relay.refusal = 'tooManyMessages';
  technician.add(mark('aaaaaaaa'));
  await arrive();
  t.same(ids(technician), ['aaaaaaaa']);
  t.equal(relay.timers.length, 1);
  relay.timers[0]?.();
  await arrive();
  t.equal(relay.drawn.length, 1);
  relay.refusal = 'boardFull';
  technician.add(mark('bbbbbbbb'));
  await arrive();
  t.same(ids(technician), ['aaaaaaaa']);
  t.same(relay.refused, ['boardFull']);
});

t.test('a stroke in progress is seen until its mark is there, or nothing more comes of it', async (t) => {
  const relay = new Relay();
  const [technician, customer] = [relay.link('technician'), relay.link('customer')];
  await Promise.all([technician.open(), customer.open()]);
  const sketch: Sketch = {
    markId: 'aaaaaaaa',
    surface: 0,
    tool: 'pen',
    colour: 'blue',
    from: 0,
    points: [1, 2],
  };
  const hear = (more: Partial<Sketch>) =>
    customer.hear({ type: 'sketch', sessionId: 1, sketch: { ...sketch, ...more } });
  hear({});
  hear({ from: 1, points: [3, 4, 5, 6] });
  hear({ from: 9, points: [7, 8] });
  t.same(customer.sketches[0]?.points, [1, 2, 3, 4, 5, 6, 7, 8], 'straight over what was lost');
  technician.add(mark('aaaaaaaa'));
  await arrive();
  t.same(customer.sketches, []);
  hear({ from: 4, points: [9, 9] });
  t.same(customer.sketches, [], 'a late one does not come back');
  hear({ markId: 'bbbbbbbb' });
  hear({ markId: 'cccccccc', tool: 'laser' });
  t.ok(customer.age());
  relay.now += 2_000;
  customer.age();
  t.same(
    customer.sketches.map(({ tool }) => tool),
    ['pen'],
    'the laser has faded',
  );
  relay.now += 3_000;
  t.notOk(customer.age());
});

t.test('sketches do not queue up on a slow way', async (t) => {
  const relay = new Relay();
  const technician = relay.link('technician');
  await technician.open();
  for (let at = 0; at < 50; at++) {
    technician.sketch({
      markId: 'aaaaaaaa',
      surface: 0,
      tool: 'pen',
      colour: 'blue',
      from: 0,
      points: [at, 2],
    });
  }
  await arrive();
  t.equal(relay.sketched.length, 6);
  t.notOk(technician.sketchesFlow);
});
