/** Troubles that are only told when they last. Real: the rule. Faked: the clock. */
import t from 'tap';
import { Steady } from '../../relay/client/steady.ts';

function scene() {
  const alarms: { callback: () => void; cancelled: boolean }[] = [];
  let lasted = 0;
  const steady = new Steady(
    () => {
      lasted += 1;
    },
    (callback, delayMs) => {
      t.equal(delayMs, 700);
      const alarm = { callback, cancelled: false };
      alarms.push(alarm);
      return () => {
        alarm.cancelled = true;
      };
    },
  );
  return { steady, alarms, lasted: () => lasted };
}

t.test('a trouble is shown once it has lasted; that there is none is shown at once', async (t) => {
  const { steady, alarms, lasted } = scene();
  t.equal(steady.show('cut'), undefined);
  t.equal(steady.show('cut'), undefined);
  t.equal(alarms.length, 1, 'asking again does not begin anew');
  alarms[0]?.callback();
  t.equal(lasted(), 1);
  t.equal(steady.show('cut'), 'cut');
  t.equal(steady.show('locked'), 'locked', 'another reason is not another trouble');
  t.equal(steady.show(undefined), undefined);
  t.equal(steady.show('cut'), undefined, 'the next one has to last again');
});

t.test('a trouble that passes is never shown', async (t) => {
  const { steady, alarms } = scene();
  steady.show('cut');
  steady.show(undefined);
  t.ok(alarms[0]?.cancelled);
  steady.close();
  steady.close();
});
