/** Real: the bus in memory. Nothing is faked. */
import t from 'tap';
import { createMemoryBus } from '../../relay/memory.ts';
import { busContract } from './contract/bus.ts';

t.test('the bus in memory keeps the contract', async (t) => {
  busContract(t, async () => {
    const errors: unknown[] = [];
    return {
      bus: createMemoryBus((error) => errors.push(error)),
      // All microtasks run before the next turn of the event loop.
      settled: () => new Promise((resolve) => setImmediate(resolve)),
      errors,
    };
  });
});
