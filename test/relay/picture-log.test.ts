import t from 'tap';
import { PictureLog } from '../../relay/picture-log.ts';
import type { PictureState } from '../../relay/protocol.ts';

const VIDEO: PictureState = { mode: 'video', cause: 'none' };
const STILLS: PictureState = { mode: 'stills', cause: 'bandwidth' };

t.test('a dip and its end are a line each, what is the same again is none', async (t) => {
  const log = new PictureLog();
  t.equal(log.take(VIDEO, 0), undefined, 'live from the beginning');
  t.same(log.take(STILLS, 1_000), STILLS);
  t.equal(log.take(STILLS, 2_000), undefined);
  t.equal(log.take({ mode: 'none', cause: 'none' }, 3_000), undefined, 'the devices say it');
  t.same(log.take(VIDEO, 4_000), VIDEO);
});

t.test('a phone that changes its mind to and fro fills no log', async (t) => {
  const log = new PictureLog();
  let lines = 0;
  for (let at = 0; at < 60_000; at += 20) {
    lines += log.take(at % 40 === 0 ? STILLS : VIDEO, at) ? 1 : 0;
  }
  t.ok(lines > 5 && lines <= 16, `${lines} lines in a minute`);
});
