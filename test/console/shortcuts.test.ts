/** Real: the table of keys and what counts as typing. Faked: keyboard events. */
import t from 'tap';
import { actionOf, type PressedKey, SHORTCUTS, takesLetters } from '../../console/shortcuts.ts';

const pressed = (key: string, more: Partial<PressedKey> = {}): PressedKey => ({
  ...{ key, ctrlKey: false, altKey: false, metaKey: false, repeat: false, isComposing: false },
  ...more,
});

t.test('every key does one thing, and no thing has two', async (t) => {
  t.equal(new Set(SHORTCUTS.map(({ key }) => key)).size, SHORTCUTS.length);
  t.equal(new Set(SHORTCUTS.map(({ action }) => action)).size, SHORTCUTS.length);
  for (const { key, action, name } of SHORTCUTS) {
    t.equal(
      key.length,
      1,
      `${name()}: a single character, so that no named key of browser or screen reader is taken`,
    );
    t.equal(actionOf(pressed(key)), action);
    t.equal(actionOf(pressed(key.toUpperCase())), action, 'also with Caps Lock');
  }
});

t.test('with a modifier the key is the browser’s, the system’s or the screen reader’s', async (t) => {
  for (const { key } of SHORTCUTS) {
    for (const modifier of ['ctrlKey', 'altKey', 'metaKey', 'isComposing'] as const) {
      t.equal(actionOf(pressed(key, { [modifier]: true })), undefined, `${modifier} ${key}`);
    }
  }
  for (const key of ['Tab', 'Escape', 'Enter', ' ', 'ArrowUp', 'Insert', 'F5', '/', "'"]) {
    t.equal(actionOf(pressed(key)), undefined, key);
  }
});

t.test('a key that is held down zooms on, and switches nothing to and fro', async (t) => {
  t.equal(actionOf(pressed('+', { repeat: true })), 'zoomIn');
  t.equal(actionOf(pressed('=')), 'zoomIn', 'where + needs Shift');
  t.equal(actionOf(pressed('m', { repeat: true })), undefined);
});

t.test('letters belong to fields and lists, not to buttons and choices', async (t) => {
  const target = (tag: string, type = '', isEditable = false) => takesLetters({ tag, type, isEditable });
  for (const type of ['text', 'email', 'number', 'search', 'password', 'date', '']) {
    t.ok(target('input', type), type);
  }
  t.ok(target('textarea') && target('select') && target('div', '', true));
  t.notOk(target('input', 'radio') || target('input', 'checkbox') || target('button') || target('div'));
});
