/**
 * A hundred thousand guesses from a thousand addresses against a hundred live PINs, at full speed. Real: a relay process,
 * WebSockets, a thousand addresses of the loopback network, each in a network of its own. Chance is taken out of the guesses: in
 * each ten thousand exactly one is right, which is what a guesser gets on average.
 */
import t from 'tap';
import type { SessionView } from '../../relay/protocol.ts';
import { loopbackAddress } from '../support/loopback-addresses.ts';
import { type RelayProcess, startRelay } from '../support/relay-process.ts';
import { acceptTerms, NO_FIELDS, Refused, SignallingClient, signIn } from '../support/signalling-client.ts';

const PINS = 100;
const ADDRESSES = 1_000;
const GUESSES_PER_ADDRESS = 100;
/** A guess at a hundred PINs of a million is right once in so many. */
const GUESSES_PER_HIT = 10_000;
const CUSTOMERS = 20;
/** What the product promises a customer with the right PIN during an attack. */
const CUSTOMER_WAITS_MAX_MS = 2_000;
/** Of all guesses, these are looked up: a hundred calmly, some while the alarm rises, then one for each address. */
const LOOKED_UP_MAX = 1_600;
const OPENING = 50;

async function createSessions(console: SignallingClient, count: number): Promise<SessionView[]> {
  const create = () => console.request('createSession', { fields: NO_FIELDS, method: 'pin' });
  return (await Promise.all(Array.from({ length: count }, create))).map(({ session }) => session);
}

/** So many guesses, none of which is right but one in each ten thousand, at another place each time. */
function guesses(live: readonly string[]): string[] {
  const taken = new Set(live);
  const list: string[] = [];
  for (let pin = 0; list.length < ADDRESSES * GUESSES_PER_ADDRESS; pin = (pin + 700_001) % 1_000_000) {
    const text = String(pin).padStart(6, '0');
    if (!taken.has(text)) {
      list.push(text);
    }
  }
  for (let hit = 0; hit * GUESSES_PER_HIT < list.length; hit++) {
    list[hit * GUESSES_PER_HIT + ((hit * 7_919 + 311) % GUESSES_PER_HIT)] = live[hit] ?? '';
  }
  return list;
}

async function open(relay: RelayProcess, count: number, first: number): Promise<SignallingClient[]> {
  const clients: SignallingClient[] = [];
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(OPENING, count - clients.length) }, async (_, index) => {
      const address = loopbackAddress(first + clients.length + index);
      const client = await SignallingClient.connect(relay.origin, { address });
      await client.hello('customer');
      return client;
    });
    clients.push(...(await Promise.all(some)));
  }
  return clients;
}

async function attempts(relay: RelayProcess): Promise<Record<string, number>> {
  const metrics = await (await fetch(`${relay.origin}/metrics`)).text();
  const lines = metrics.matchAll(/^fernblick_pin_attempts_total\{result="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, result, count]) => [result, Number(count)]));
}

t.test(
  'guessers from a thousand addresses reach one lobby at most, and customers get in meanwhile',
  async (t) => {
    const relay = await startRelay();
    const console = await SignallingClient.technician(relay.origin, await signIn(relay.origin));
    const sessions = await createSessions(console, PINS - CUSTOMERS);
    // A socket may ask a hundred things at once.
    console.close();
    const second = await SignallingClient.technician(relay.origin, await signIn(relay.origin));
    const expecting = await createSessions(second, CUSTOMERS);
    const watched = expecting[0]?.id ?? 0;
    await second.request('openLog', { sessionId: watched });
    const pinOf = ({ invitation }: SessionView) => invitation?.pin ?? '';
    const attackers = await open(relay, ADDRESSES, 0);
    const customers = await open(relay, CUSTOMERS, ADDRESSES);

    const list = guesses([...sessions, ...expecting].map(pinOf));
    t.equal(list.length, 100_000);
    let hits = 0;
    let guessed = 0;
    const answers = new Set<string>();
    const attack = Promise.all(
      attackers.map(async (attacker, place) => {
        for (let round = 0; round < GUESSES_PER_ADDRESS; round++) {
          try {
            await attacker.request('claimPin', { pin: list[round * ADDRESSES + place] ?? '' });
            hits += 1;
          } catch (error) {
            answers.add(error instanceof Refused ? error.code : String(error));
          }
          guessed += 1;
        }
      }),
    );

    await second.event('the alarm', (event) => event.type === 'pinAlarm' && event.alarm === 'guessing');
    await second.event(
      'the alarm in the log of a session',
      (event) => event.type === 'log' && event.event.sessionId === watched && event.event.type === 'pinAlarm',
    );
    const waited: number[] = [];
    for (const [index, customer] of customers.entries()) {
      // Spread over the attack.
      while (guessed < (index * list.length) / CUSTOMERS) {
        await attackers[0]?.request('ping', {});
      }
      const session = expecting[index];
      const askedAt = performance.now();
      const claim = await customer.request('claimPin', { pin: session ? pinOf(session) : '' });
      waited.push(performance.now() - askedAt);
      const { sessionId } = await acceptTerms(customer, claim);
      t.equal(sessionId, session?.id);
    }
    t.ok(guessed < list.length, 'the attack goes on');
    t.ok(Math.max(...waited) < CUSTOMER_WAITS_MAX_MS, `longest wait ${Math.round(Math.max(...waited))} ms`);
    const [late] = await createSessions(second, 1);
    t.match(late?.invitation?.pin, /^\d{8}$/, 'a new PIN has eight digits meanwhile');
    const [newcomer] = await open(relay, 1, ADDRESSES + CUSTOMERS);
    t.ok(await newcomer?.request('claimPin', { pin: late?.invitation?.pin ?? '' }), 'and opens its session');

    await attack;
    t.ok(hits <= 1, `${hits} hits`);
    t.same([...answers], ['pinUnknown'], 'every refusal is the same');
    const counted = await attempts(relay);
    t.ok((counted['unknown'] ?? 0) <= LOOKED_UP_MAX, `${counted['unknown']} were looked up in vain`);
    t.equal(
      Object.values(counted).reduce((sum, count) => sum + count, 0),
      list.length + CUSTOMERS + 1,
    );

    const warnings = relay.log.split('\n').filter((line) => line.includes('pinGuessing'));
    t.match(
      warnings.map((line) => (JSON.parse(line) as { guessing: string }).guessing),
      ['raised', 'siege'],
    );
    t.notMatch(relay.log, /127\.\d+\.\d+\.1\b/, 'no address in the log');
    t.notOk(
      [...sessions, ...expecting].some((session) => relay.log.includes(pinOf(session))),
      'no PIN either',
    );
    for (const client of [...attackers, ...customers, second]) {
      client.terminate();
    }
    newcomer?.terminate();
    t.equal(await relay.stop(), 0);
  },
);
