/** Real: one party's chat and the addresses in its text. Faked: the connection (answers are given by hand) and the clock. */
import t from 'tap';
import { Chat } from '../../relay/client/chat.ts';
import { RequestError } from '../../relay/client/connection.ts';
import { linkedText } from '../../relay/client/linked-text.ts';
import type { ChatMessage, Params } from '../../relay/protocol.ts';

type Asked = {
  type: string;
  params: Params<'sendChat'>;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
};

function open() {
  const asked: Asked[] = [];
  const clock = { now: 1_000 };
  const chat = new Chat({
    own: 'customer',
    sessionId: 1001,
    request: (type, params) =>
      new Promise((resolve, reject) => {
        asked.push({
          type,
          params: params as Params<'sendChat'>,
          resolve: resolve as Asked['resolve'],
          reject,
        });
      }),
    changed: () => undefined,
    now: () => clock.now,
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const of = (type: string) => asked.filter((one) => one.type === type);
  return { chat, clock, settle, of };
}

const message = (id: number, from: ChatMessage['from'], clientId = `c${id}`): ChatMessage => ({
  ...{ id, at: id, from, name: '', text: `text ${id}`, clientId },
});

t.test(
  'a message without an answer is sent again under the same number, and stands there once',
  async (t) => {
    const { chat, settle, of } = open();
    chat.send(' Hello ');
    const [first] = of('sendChat');
    t.match(chat.lines, [{ text: 'Hello', own: true, delivery: 'sending' }]);
    first?.reject(new RequestError('notConnected', 'gone'));
    await settle();
    t.equal(chat.lines[0]?.delivery, 'sending', 'not given up');
    const reopened = chat.open();
    const known = { ...message(7, 'customer', first?.params.clientId), text: 'Hello' };
    of('openChat')
      .at(-1)
      ?.resolve({
        messages: [],
        seen: { technician: { delivered: 0, read: 0 }, customer: { delivered: 0, read: 0 } },
      });
    await reopened;
    t.equal(of('sendChat').at(-1)?.params.clientId, first?.params.clientId);
    of('sendChat').at(-1)?.resolve({ message: known });
    chat.receive({ type: 'chat', sessionId: 1001, message: known });
    await settle();
    t.match(chat.lines, [{ text: 'Hello', delivery: 'sent' }]);
    chat.receive({ type: 'chatSeen', sessionId: 1001, party: 'technician', seen: { delivered: 7, read: 0 } });
    t.equal(chat.lines[0]?.delivery, 'delivered');
    chat.receive({ type: 'chatSeen', sessionId: 1001, party: 'technician', seen: { delivered: 7, read: 7 } });
    t.equal(chat.lines[0]?.delivery, 'read');
  },
);

t.test('a refused message says so and can be tried again', async (t) => {
  const { chat, settle, of } = open();
  chat.send('Hello');
  of('sendChat')[0]?.reject(new RequestError('chatFull', 'full'));
  await settle();
  t.equal(chat.lines[0]?.delivery, 'failed');
  chat.retry(chat.lines[0]?.key ?? '');
  t.equal(chat.lines[0]?.delivery, 'sending');
  t.equal(of('sendChat').length, 2);
});

t.test('unread counts the other side only, until the messages were on the screen', async (t) => {
  const { chat, of } = open();
  chat.receive({ type: 'chat', sessionId: 1001, message: message(1, 'technician') });
  chat.receive({ type: 'chat', sessionId: 1001, message: message(2, 'customer') });
  chat.receive({ type: 'chat', sessionId: 1001, message: message(3, 'technician') });
  t.equal(chat.unread, 2);
  t.equal(chat.latest?.id, 3);
  t.same(
    of('chatSeen').map(({ params }) => (params as unknown as Params<'chatSeen'>).seen),
    [
      { delivered: 1, read: 0 },
      { delivered: 3, read: 0 },
    ],
  );
  chat.read();
  t.equal(chat.unread, 0);
  t.match(of('chatSeen').at(-1)?.params, { seen: { delivered: 3, read: 3 } });
});

t.test('somebody who writes is told of at most every two seconds, and shown for five', async (t) => {
  const { chat, clock, of } = open();
  chat.typing();
  chat.typing();
  t.equal(of('typing').length, 1);
  clock.now += 2_000;
  chat.typing();
  t.equal(of('typing').length, 2);
  chat.receive({ type: 'typing', sessionId: 1001 });
  t.ok(chat.otherIsTyping);
  clock.now += 5_000;
  t.notOk(chat.otherIsTyping);
  chat.receive({ type: 'typing', sessionId: 1001 });
  chat.receive({ type: 'chat', sessionId: 1001, message: message(1, 'technician') });
  t.notOk(chat.otherIsTyping, 'the message is there');
  chat.close();
});

t.test('only web addresses become links, and each shows where it leads', async (t) => {
  const links = (text: string) => linkedText(text).flatMap(({ href }) => href ?? []);
  t.same(links('see https://example.org/a?b=1, or (http://example.com).'), [
    'https://example.org/a?b=1',
    'http://example.com',
  ]);
  t.same(links('javascript:alert(1) data:text/html,x ftp://x.org file:///etc https://'), []);
  t.same(links('https://bank.example@evil.example'), [], 'it would look like another');
  for (const text of [
    '',
    'a',
    'https://example.org',
    'x https://e.org y https://f.org.',
    '<script>https://e.org</script>',
  ]) {
    t.equal(
      linkedText(text)
        .map((part) => part.text)
        .join(''),
      text,
      'nothing gets lost',
    );
  }
});
