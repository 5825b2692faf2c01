/** When a phone's own estimate is not to be relied on any more. Pure: nothing real; time is an argument. */
import t from 'tap';
import { Reception } from '../../relay/feedback.ts';
import { Uplink } from '../../relay/uplink.ts';

const CLOCK_HZ = 90_000;

/** Sends 60 packets a second and loses every nth; returns when it is first called lossy, −1 for never. */
function lossyAt(uplink: Uplink, loseEvery: number, seconds: number, queueMsPerS = 0): number {
  const reception = new Reception(CLOCK_HZ);
  let sequence = 0;
  for (let now = 0; now < seconds * 1_000; now += 50) {
    for (let packet = 0; packet < 3; packet++) {
      sequence++;
      if (loseEvery === 0 || sequence % loseEvery !== 0) {
        const sendTime = Math.floor((now * 2 ** 18) / 1_000) & 0xff_ffff;
        const arrivedAt = now + 30 + (queueMsPerS * now) / 1_000;
        reception.onPacket(sequence, 0, arrivedAt);
        uplink.onPacket(sendTime, 1_000, arrivedAt);
      }
    }
    uplink.tick(reception, 60, now);
    if (uplink.isLossy(now)) {
      return now;
    }
  }
  return -1;
}

t.test('a path that loses a fifth is, within four seconds', async (t) => {
  const at = lossyAt(new Uplink('sendSide'), 5, 20);
  t.ok(at > 1_000 && at < 4_000, `${at}`);
});

t.test('one that loses a twelfth or nothing is not', async (t) => {
  t.equal(lossyAt(new Uplink('sendSide'), 12, 60), -1);
  t.equal(lossyAt(new Uplink('sendSide'), 0, 60), -1);
});

t.test('nor is one whose queue overflows: the browser judges that best', async (t) => {
  t.equal(lossyAt(new Uplink('sendSide'), 4, 8, 200), -1);
});

t.test('only the phone that judges itself is called lossy, only the other is given a limit', async (t) => {
  const own = new Uplink('sendSide');
  const ours = new Uplink('receiveSide');
  t.equal(lossyAt(ours, 5, 20), -1);
  t.ok(ours.lossShare > 0.15 && ours.lossShare < 0.25);
  t.equal(own.limitBps, Number.POSITIVE_INFINITY);
  t.equal(ours.limitBps, ours.bps);
});

t.test('a source that starts anew is no loss', async (t) => {
  const uplink = new Uplink('sendSide');
  const reception = new Reception(CLOCK_HZ);
  for (let now = 0; now < 30_000; now += 50) {
    if (now % 5_000 === 0) {
      reception.restart();
    }
    for (let packet = 0; packet < 3; packet++) {
      reception.onPacket(now * 3 + packet, 0, now);
    }
    // Numbers in steps: what is missing between two ticks is as real as the rest; only the restart is not.
    uplink.tick(reception, 60, now);
  }
  t.ok(uplink.lossShare <= 1);
});
