/** What every adapter of `Bus` must do. */
import type { Test } from 'tap';
import type { Bus } from '../../../relay/store.ts';

export type BusUnderTest = {
  bus: Bus;
  /** Resolves when everything published so far has been delivered. */
  settled(): Promise<void>;
  /** What listeners have thrown. */
  errors: unknown[];
};

export function busContract(t: Test, open: () => Promise<BusUnderTest>): void {
  t.test('every listener of the topic gets every message in order, and nobody else', async (t) => {
    const { bus, settled } = await open();
    const got: Record<string, unknown[]> = { first: [], second: [], other: [] };
    bus.subscribe('drain', (message) => got['first']?.push(message));
    bus.subscribe('drain', (message) => got['second']?.push(message));
    bus.subscribe('drained', (message) => got['other']?.push(message));
    for (let i = 0; i < 20; i++) {
      bus.publish('drain', i);
    }
    bus.publish('nobody listens', 1);
    await settled();
    const all = Array.from({ length: 20 }, (_, i) => i);
    t.strictSame(got, { first: all, second: all, other: [] });
  });

  t.test('a message is a copy, and publishing does not wait for listeners', async (t) => {
    const { bus, settled } = await open();
    const got: { list: number[] }[] = [];
    const take = (message: unknown): void => {
      const own = message as { list: number[] };
      own.list.push(99);
      got.push(own);
    };
    bus.subscribe('topic', take);
    bus.subscribe('topic', take);
    const message = { list: [1] };
    bus.publish('topic', message);
    t.equal(got.length, 0, 'not yet');
    message.list.push(2);
    await settled();
    t.strictSame(got, [{ list: [1, 99] }, { list: [1, 99] }]);
  });

  t.test('after the end of a subscription nothing comes, and other subscriptions go on', async (t) => {
    const { bus, settled } = await open();
    let count = 0;
    const listener = (): void => {
      count += 1;
    };
    const end = bus.subscribe('topic', listener);
    const endOther = bus.subscribe('topic', listener);
    bus.publish('topic', null);
    await settled();
    t.equal(count, 2);
    end();
    end();
    bus.publish('topic', null);
    await settled();
    t.equal(count, 3);
    endOther();
    bus.publish('topic', null);
    await settled();
    t.equal(count, 3);
    bus.subscribe('topic', listener);
    bus.publish('topic', null);
    await settled();
    t.equal(count, 4, 'a topic that had nobody left can be taken up again');
  });

  t.test('a listener that throws harms neither the publisher nor the others', async (t) => {
    const { bus, settled, errors } = await open();
    const got: unknown[] = [];
    bus.subscribe('topic', () => {
      throw new Error('mine');
    });
    bus.subscribe('topic', (message) => got.push(message));
    bus.publish('topic', 1);
    bus.publish('topic', 2);
    await settled();
    t.strictSame(got, [1, 2]);
    t.match(errors, [{ message: 'mine' }, { message: 'mine' }]);
  });
}
