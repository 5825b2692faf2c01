/** When a source is asked for a keyframe. Pure: nothing real; time is an argument. */
import t from 'tap';
import { KeyframeRequests } from '../../relay/keyframe-requests.ts';

/** Looks every 50 ms and returns when it asked. */
function asked(requests: KeyframeRequests, from: number, to: number, roundTripMs = 50): number[] {
  const times: number[] = [];
  for (let now = from; now < to; now += 50) {
    if (requests.isDue(now, roundTripMs)) {
      times.push(now);
    }
  }
  return times;
}

t.test('nobody wants one: nothing is asked', async (t) => {
  t.same(asked(new KeyframeRequests(), 0, 5_000), []);
});

t.test('a wish is asked for at once and, because requests get lost, again until one comes', async (t) => {
  const requests = new KeyframeRequests();
  requests.want();
  t.same(asked(requests, 0, 1_200), [0, 500, 1_000]);
  requests.satisfied();
  t.same(asked(requests, 1_200, 9_000), []);
});

t.test('but not for ever: a source that never answers is asked six times', async (t) => {
  const requests = new KeyframeRequests();
  requests.want();
  t.equal(asked(requests, 0, 60_000).length, 6);
  requests.want();
  t.equal(asked(requests, 60_000, 60_050).length, 1, 'until somebody wants one again');
});

t.test('on a long way it is repeated only when the answer could have come', async (t) => {
  const requests = new KeyframeRequests();
  requests.want();
  t.same(asked(requests, 0, 1_700, 600), [0, 800, 1_600]);
});

/** Wishes every 10 ms, as waiting packets do, and returns when it asked; `answer` is called then. */
function askedWhileWaiting(
  requests: KeyframeRequests,
  to: number,
  roundTripMs: number,
  answer = () => {},
): number[] {
  const times: number[] = [];
  for (let now = 0; now < to; now += 10) {
    requests.want();
    if (requests.isDue(now, roundTripMs)) {
      times.push(now);
      answer();
    }
  }
  return times;
}

t.test('many wishes are one request per half second', async (t) => {
  const requests = new KeyframeRequests();
  t.same(
    askedWhileWaiting(requests, 2_000, 50, () => requests.satisfied()),
    [0, 500, 1_000, 1_500],
  );
});

t.test(
  'a wish that every waiting packet repeats is asked for again only when the answer could have come',
  async (t) => {
    t.same(askedWhileWaiting(new KeyframeRequests(), 1_700, 600), [0, 800, 1_600]);
  },
);
