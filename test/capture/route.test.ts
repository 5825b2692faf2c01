/** Real: which step follows from what is so, over every combination. Nothing is faked. */
import t from 'tap';
import { type Progress, type Step, stepOf } from '../../capture/route.ts';

const STANDINGS = ['outside', 'resuming', 'claimed', 'inside', 'over', 'declined', 'gone'] as const;
const FLAGS = [
  'byLink',
  'byChannel',
  'hasProblem',
  'tutorialSeen',
  'cameraOpen',
  'cameraProblem',
  'previewSeen',
  'early',
  'withoutCamera',
] as const;

function everyProgress(): Progress[] {
  return STANDINGS.flatMap((standing) =>
    Array.from({ length: 2 ** FLAGS.length }, (_, bits): Progress => {
      const flag = (i: number) => ((bits >> i) & 1) === 1;
      return {
        standing,
        byLink: flag(0),
        byChannel: flag(0) && flag(1),
        hasProblem: flag(2),
        tutorialSeen: flag(3),
        cameraOpen: flag(4),
        cameraProblem: flag(5),
        previewSeen: flag(6),
        early: flag(7),
        withoutCamera: flag(8),
      };
    }),
  );
}

const NOTHING: Progress = {
  standing: 'outside',
  byLink: false,
  byChannel: false,
  hasProblem: false,
  tutorialSeen: false,
  cameraOpen: false,
  cameraProblem: false,
  previewSeen: false,
  early: false,
  withoutCamera: false,
};

function walk(start: Partial<Progress>, ...changes: Partial<Progress>[]): Step[] {
  let progress: Progress = { ...NOTHING, ...start };
  return [progress, ...changes.map((change) => (progress = { ...progress, ...change }))].map(stepOf);
}

t.test('by PIN the way is tutorial, PIN, camera, preview, terms, session, end', async (t) => {
  t.same(
    walk(
      {},
      { tutorialSeen: true },
      { standing: 'claimed' },
      { cameraOpen: true },
      { previewSeen: true },
      { standing: 'inside' },
      { standing: 'over' },
    ),
    ['tutorial', 'pin', 'camera', 'preview', 'terms', 'session', 'over'],
  );
});

t.test('by the page of a channel that page stands for the tutorial', async (t) => {
  const claimed: Partial<Progress>[] = [
    { standing: 'claimed' },
    { tutorialSeen: true },
    { cameraOpen: true },
  ];
  t.same(walk({ byLink: true, byChannel: true }, ...claimed, { previewSeen: true }), [
    ...['loading', 'channel', 'camera', 'preview', 'terms'],
  ]);
  t.same(walk({ byLink: true, byChannel: true, hasProblem: true }), ['linkProblem']);
});

t.test('by link the PIN is left out, and the link may be looked up while the tutorial is read', async (t) => {
  const rest: Step[] = ['camera', 'preview', 'terms', 'session'];
  const changes: Partial<Progress>[] = [{ cameraOpen: true }, { previewSeen: true }, { standing: 'inside' }];
  t.same(walk({ byLink: true }, { standing: 'claimed' }, { tutorialSeen: true }, ...changes), [
    'tutorial',
    'tutorial',
    ...rest,
  ]);
  t.same(walk({ byLink: true }, { tutorialSeen: true }, { standing: 'claimed' }, ...changes), [
    'tutorial',
    'loading',
    ...rest,
  ]);
});

t.test('a refused link says so at once, and typing a PIN instead leads to the PIN', async (t) => {
  t.same(
    walk({ byLink: true }, { hasProblem: true }, { byLink: false, hasProblem: false, tutorialSeen: true }),
    ['tutorial', 'linkProblem', 'pin'],
  );
});

t.test(
  'a reloaded page goes straight back, and asks for help only when the camera does not open',
  async (t) => {
    t.same(
      walk(
        { standing: 'resuming' },
        { standing: 'inside' },
        { cameraProblem: true },
        { cameraProblem: false },
      ),
      ['loading', 'session', 'camera', 'session'],
    );
  },
);

t.test(
  'without a camera the way goes on at the terms, and in the session nobody asks for it again',
  async (t) => {
    const claimed: Partial<Progress> = { standing: 'claimed', tutorialSeen: true, cameraProblem: true };
    t.same(walk(claimed, { withoutCamera: true }, { standing: 'inside' }, { withoutCamera: false }), [
      ...['camera', 'terms', 'session', 'camera'],
    ]);
  },
);

t.test('before an appointment there is only its time; then the way is the usual one', async (t) => {
  t.same(walk({ byLink: true, standing: 'claimed', early: true, tutorialSeen: true }, { early: false }), [
    'appointment',
    'camera',
  ]);
});

t.test(
  'over every combination: no terms without a picture, no picture without an invitation, ends are final',
  async (t) => {
    for (const progress of everyProgress()) {
      const step = stepOf(progress);
      const text = JSON.stringify(progress);
      if (step === 'preview' || step === 'terms') {
        const hasPicture = progress.cameraOpen && !progress.cameraProblem;
        t.ok(progress.standing === 'claimed', text);
        t.ok(hasPicture || (progress.withoutCamera && step === 'terms'), text);
      }
      t.equal(step === 'appointment', progress.standing === 'claimed' && progress.early, text);
      if (step === 'terms') {
        t.ok(progress.previewSeen || progress.withoutCamera, text);
      }
      if (step === 'camera') {
        t.ok(progress.standing === 'claimed' || progress.standing === 'inside', text);
      }
      const isStuck = progress.cameraProblem && !progress.withoutCamera;
      t.equal(step === 'session', progress.standing === 'inside' && !isStuck, text);
      if (progress.standing === 'over' || progress.standing === 'declined' || progress.standing === 'gone') {
        t.equal(step, progress.standing, text);
      }
      if (step === 'pin') {
        t.notOk(progress.byLink, text);
      }
    }
  },
);
