import t from 'tap';
import { AwayWatch } from '../../console/away-watch.ts';

const AWAY_MS = 60_000;

function scene() {
  const people = { away: false, busy: false, said: [] as boolean[] };
  const watch = new AwayWatch(
    {
      away: () => people.away,
      setAway: (away) => {
        people.away = away;
        people.said.push(away);
      },
      busy: () => people.busy,
    },
    0,
  );
  return { people, watch };
}

t.test('who touches nothing is away, once, and back with the first touch', async (t) => {
  const { people, watch } = scene();
  watch.check(59_999, AWAY_MS);
  t.same(people.said, []);
  watch.check(60_000, AWAY_MS);
  watch.check(61_000, AWAY_MS);
  t.same(people.said, [true]);
  watch.touched(90_000);
  watch.touched(90_010);
  t.same(people.said, [true, false]);
  watch.check(149_999, AWAY_MS);
  t.same(people.said, [true, false]);
});

t.test('who has chosen to be away stays so', async (t) => {
  const { people, watch } = scene();
  people.away = true;
  watch.chosen();
  watch.check(70_000, AWAY_MS);
  watch.touched(80_000);
  t.same(people.said, []);
});

t.test('who is away by itself and says so by hand stays away', async (t) => {
  const { people, watch } = scene();
  watch.check(60_000, AWAY_MS);
  watch.chosen();
  watch.touched(70_000);
  t.same(people.said, [true]);
});

t.test('nobody is away in a session, nor where the setting is 0', async (t) => {
  const { people, watch } = scene();
  people.busy = true;
  watch.check(1_000_000, AWAY_MS);
  people.busy = false;
  watch.check(1_059_000, AWAY_MS);
  t.same(people.said, []);
  watch.check(9_000_000, 0);
  t.same(people.said, []);
});
