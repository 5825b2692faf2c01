/** Real: the English sentences of refusals, ends and recoveries. (That all of them are translated is `npm run check:languages`.) */
import t from 'tap';
import type { BrowserKind } from '../../capture/browser.ts';
import { levelOf } from '../../capture/microphone-level.ts';
import { endText, problemText } from '../../capture/problem-text.ts';
import { recoveryOf } from '../../capture/recovery-text.ts';
import type { CameraProblem } from '../../capture/user-media.ts';
import { ERRORS, type ErrorCode } from '../../relay/protocol.ts';

const GENERIC = 'Something went wrong in the service. Please try again.';

t.test('every refusal that a customer can cause has a sentence of its own', async (t) => {
  const own: ErrorCode[] = [
    'pinUnknown',
    'pinClosed',
    'linkUnknown',
    'linkExpired',
    'linkUsed',
    'throttled',
    'termsChanged',
    'resumeUnknown',
    'relayFull',
    'draining',
    'versionMismatch',
  ];
  const sentences = own.map(problemText);
  t.equal(new Set(sentences).size, own.length);
  t.notOk(sentences.includes(GENERIC));
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    t.match(problemText(code), /^[A-Z].*\.$/, code);
  }
});

t.test('the end names who or what ended the session', async (t) => {
  t.match(endText('closedByTechnician'), /technician/);
  t.match(endText('closedByCustomer'), /You/);
  t.match(endText('timedOut'), /too long/);
  t.match(endText('aborted'), /fault/);
  t.match(endText(undefined), /ended/);
});

t.test('every camera problem has words in every browser, and a denial has steps', async (t) => {
  const problems: CameraProblem[] = [
    'denied',
    'microphoneDenied',
    'noCamera',
    'noMicrophone',
    'inUse',
    'microphoneInUse',
    'insecure',
    'unsupported',
    'failed',
  ];
  const browsers: BrowserKind[] = [
    'chromeAndroid',
    'samsung',
    'firefoxAndroid',
    'safariIos',
    'otherIos',
    'inApp',
    'safariMac',
    'desktop',
  ];
  for (const problem of problems) {
    for (const browser of browsers) {
      const { title, text, steps } = recoveryOf(problem, browser);
      t.ok(title && text, `${problem} in ${browser}`);
      t.ok(steps.length >= 2 || !problem.startsWith('denied'), `${problem} in ${browser}`);
    }
  }
  const ways = browsers.map((browser) => recoveryOf('denied', browser).steps.join());
  t.ok(new Set(ways).size >= 6, 'browsers differ in how to allow the camera');
});

t.test(
  'the meter shows nothing in silence, everything at a shout, and never falls as it gets louder',
  async (t) => {
    const tone = (amplitude: number) =>
      Float32Array.from({ length: 2048 }, (_, i) => amplitude * Math.sin(i / 7));
    t.equal(levelOf(new Float32Array(2048)), 0);
    t.equal(levelOf([]), 0);
    t.equal(levelOf(tone(0.0005)), 0);
    t.equal(levelOf(tone(1)), 5);
    const levels = Array.from({ length: 100 }, (_, i) => levelOf(tone(10 ** (i / 25 - 4))));
    t.ok(levels.every((level, i) => level >= (levels[i - 1] ?? 0)));
    t.equal(new Set(levels).size, 6, 'every step is reached');
  },
);
