/** What the technician is told of the phone's devices. Real: the rule. Nothing is faked; tracks are only there or not. */
import fc from 'fast-check';
import t from 'tap';
import { type Devices, deviceState, type Wishes } from '../../capture/device-state.ts';

const ALL: Devices = { audio: {}, video: {}, isInterrupted: false, isSilenced: false };
const NO_WISH: Wishes = { muted: false, paused: false, hidden: false };

t.test(
  'camera and microphone are on unless something speaks against it, and the reason is told',
  async (t) => {
    const cases: [Partial<Devices>, Partial<Wishes>, ReturnType<typeof deviceState>][] = [
      [{}, {}, { microphone: 'on', camera: 'on' }],
      [{}, { muted: true }, { microphone: 'muted', camera: 'on', pausedBy: 'person' }],
      [{}, { paused: true }, { microphone: 'on', camera: 'paused', pausedBy: 'person' }],
      [{}, { hidden: true }, { microphone: 'on', camera: 'paused', pausedBy: 'hidden' }],
      [{}, { hidden: true, paused: true }, { microphone: 'on', camera: 'paused', pausedBy: 'hidden' }],
      [{ isInterrupted: true }, {}, { microphone: 'on', camera: 'paused', pausedBy: 'interrupted' }],
      [{ isSilenced: true }, {}, { microphone: 'muted', camera: 'on', pausedBy: 'interrupted' }],
      [{ isInterrupted: true }, { paused: true }, { microphone: 'on', camera: 'paused', pausedBy: 'person' }],
      [{ audio: null }, {}, { microphone: 'none', camera: 'on' }],
      [{ audio: null, video: null }, { hidden: true }, { microphone: 'none', camera: 'none' }],
    ];
    for (const [devices, wishes, expected] of cases) {
      t.same(
        deviceState({ ...ALL, ...devices }, { ...NO_WISH, ...wishes }),
        expected,
        JSON.stringify({ ...devices, ...wishes }),
      );
    }
  },
);

t.test(
  'whatever happens: what the person switched off is never told to be on, and a reason only with an effect',
  async (t) => {
    const flag = fc.boolean();
    fc.assert(
      fc.property(flag, flag, flag, flag, flag, (muted, paused, hidden, isInterrupted, isSilenced) => {
        const state = deviceState({ ...ALL, isInterrupted, isSilenced }, { muted, paused, hidden });
        const hasEffect = state.camera !== 'on' || state.microphone !== 'on';
        return (
          !(muted && state.microphone === 'on') &&
          !((paused || hidden) && state.camera === 'on') &&
          hasEffect === (state.pausedBy !== undefined)
        );
      }),
    );
    t.pass('in all combinations');
  },
);
