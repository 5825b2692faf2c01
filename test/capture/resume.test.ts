/** What a page finds after a reload, or in another tab. Real: the rules. Faked: the browser's two storages. */
import t from 'tap';
import {
  forgetResume,
  NO_CHOICES,
  recallChoices,
  recallResume,
  rememberChoices,
  rememberResume,
} from '../../capture/resume.ts';

class FakeStorage {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

function newBrowser(): void {
  Object.assign(globalThis, { localStorage: new FakeStorage() });
  newTab();
}

function newTab(): void {
  Object.assign(globalThis, { sessionStorage: new FakeStorage() });
}

t.beforeEach(newBrowser);

t.test('a reloaded tab goes on, by PIN and by link', async (t) => {
  for (const entry of [undefined, 'link']) {
    rememberResume({ token: 'first', entry });
    rememberResume({ token: 'second', entry });
    t.same(recallResume(undefined), { token: 'second', entry });
  }
});

t.test('the same link goes on in another tab; another link, or none, does not', async (t) => {
  rememberResume({ token: 'one', entry: 'link' });
  newTab();
  t.same(recallResume('link'), { token: 'one', entry: 'link' });
  t.equal(recallResume('other'), undefined);
  t.equal(recallResume(undefined), undefined);
});

t.test('a session by PIN leaves nothing behind for other tabs', async (t) => {
  rememberResume({ token: 'one', entry: undefined });
  newTab();
  t.equal(recallResume(undefined), undefined);
  t.equal(localStorage.getItem('fernblick.resume'), null);
});

t.test('a tab that another one took over from forgets its own token only', async (t) => {
  rememberResume({ token: 'old', entry: 'link' });
  const older = sessionStorage;
  newTab();
  rememberResume({ token: 'new', entry: 'link' });
  Object.assign(globalThis, { sessionStorage: older });
  forgetResume('old');
  t.equal(recallResume(undefined), undefined);
  newTab();
  t.same(recallResume('link'), { token: 'new', entry: 'link' });
  forgetResume('new');
  t.equal(recallResume('link'), undefined);
});

t.test('what the person chose is kept over a reload and forgotten with the session', async (t) => {
  t.same(recallChoices(), NO_CHOICES);
  const choices = { muted: true, paused: true, deviceId: 'front', photos: 'cameraDenied' } as const;
  rememberChoices(choices);
  t.same(recallChoices(), choices);
  forgetResume(undefined);
  t.same(recallChoices(), NO_CHOICES);
});

t.test('what somebody else wrote there is no session and no choice', async (t) => {
  for (const text of [
    '',
    'null',
    '7',
    '[]',
    '{',
    '{"token":7}',
    '{"muted":"yes","deviceId":3,"photos":"none"}',
  ]) {
    sessionStorage.setItem('fernblick.resume', text);
    sessionStorage.setItem('fernblick.choices', text);
    t.equal(recallResume(undefined), undefined, text);
    t.same(recallChoices(), NO_CHOICES, text);
  }
});
