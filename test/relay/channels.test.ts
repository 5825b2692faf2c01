/** Real: channels, groups, the limiter, a mail server over TCP. Faked: the queue behind them. */
import t from 'tap';
import { createChannels } from '../../relay/channels.ts';
import { Groups } from '../../relay/groups.ts';
import { createLog } from '../../relay/log.ts';
import { createMail } from '../../relay/mail.ts';
import { createMemoryLimiter } from '../../relay/memory.ts';
import { isFailure } from '../../relay/outcome.ts';
import type { Channel, Group, SettingsDocuments } from '../../relay/protocol.ts';
import { DEFINITIONS } from '../../relay/settings-documents.ts';
import { MAIL_ACCOUNT, startMailServer } from '../support/mail-server.ts';
import { ON_DEMAND } from '../support/recording-scene.ts';
import { CHANNEL, granted } from '../support/sessions-scene.ts';

const SUPPORT: Group = {
  id: 'support',
  name: 'Support',
  email: 'team@example.org',
  ways: ['pin'],
  customersDraw: true,
  recording: ON_DEMAND,
  technicianIds: [],
};
const ADDRESS = '192.0.2.1';

function scene(options: { channel?: Partial<Channel>; mail?: SettingsDocuments['mail'] } = {}) {
  const queue = { staffed: false, length: 0 };
  const documents = {
    groups: { groups: [SUPPORT, { ...SUPPORT, id: 'sales', ways: [], technicianIds: [7] }] },
    channels: { channels: [{ ...CHANNEL, ...options.channel }] },
  };
  const groups = new Groups((name) => documents[name]);
  const mail = createMail({ settings: () => options.mail ?? DEFINITIONS.mail.initial });
  const channels = createChannels({
    groups,
    queue: { isStaffed: () => queue.staffed, queueLength: () => queue.length },
    limiter: createMemoryLimiter(),
    mail,
    brand: 'Fernblick',
    consoleUrl: () => 'https://help.example.org/console',
    log: createLog('silent'),
  });
  return { channels, groups, queue, mail, documents };
}

async function codeOf(answer: Promise<object>): Promise<string> {
  const value = await answer;
  return isFailure(value) ? value.failed : '';
}

t.test('a channel that is off or has no group is as unknown as one that never was', async (t) => {
  t.equal(await codeOf(scene().channels.open('other', ADDRESS)), 'channelUnknown');
  t.equal(
    await codeOf(scene({ channel: { enabled: false } }).channels.open('help', ADDRESS)),
    'channelUnknown',
  );
  t.equal(
    await codeOf(scene({ channel: { groupId: 'gone' } }).channels.open('help', ADDRESS)),
    'channelUnknown',
  );
});

t.test('where nobody is there the page says so, or lets people wait, as the channel is set', async (t) => {
  const closing = scene({
    channel: { whenAbsent: 'page', absentEn: 'Back on Monday.', absentDe: 'Montag wieder.' },
  });
  const shut = granted(await closing.channels.open('help', ADDRESS));
  t.match(shut, { shown: { staffed: false, closed: { en: 'Back on Monday.', de: 'Montag wieder.' } } });
  t.equal(
    await closing.channels.refusal(CHANNEL, ADDRESS),
    'channelClosed',
    'also for a page that was opened before',
  );
  closing.queue.staffed = true;
  t.equal('closed' in (granted(await closing.channels.open('help', ADDRESS)) as never)['shown'], false);
  t.equal(await closing.channels.refusal(CHANNEL, ADDRESS), undefined);
  const waiting = scene();
  t.equal(await waiting.channels.refusal(CHANNEL, ADDRESS), undefined);
});

t.test('one address opens and enters only so often, another one still does', async (t) => {
  const { channels } = scene();
  const openings = await Promise.all(
    Array.from({ length: 31 }, () => codeOf(channels.open('help', ADDRESS))),
  );
  t.same(
    openings.filter((code) => code !== ''),
    ['throttled'],
  );
  const entries = await Promise.all(Array.from({ length: 6 }, () => channels.refusal(CHANNEL, ADDRESS)));
  t.same(
    entries.filter((code) => code !== undefined),
    ['throttled'],
  );
  t.equal(await channels.refusal(CHANNEL, '192.0.2.2'), undefined);
});

t.test('a queue has an end', async (t) => {
  const { channels, queue } = scene();
  queue.length = 50;
  t.equal(await channels.refusal(CHANNEL, ADDRESS), 'queueFull');
});

t.test('a group is told by mail of those who wait, once, and only while nobody is there', async (t) => {
  const server = await startMailServer();
  t.teardown(() => server.close());
  const mail = {
    ...{ host: '127.0.0.1', port: server.port, ...MAIL_ACCOUNT },
    ...{ security: 'none' as const, from: 'help@example.org', fromName: 'Help' },
  };
  const { channels, queue, mail: sending } = scene({ channel: { whenAbsent: 'mail' }, mail });
  t.teardown(() => sending.close());
  queue.staffed = true;
  await channels.entered(CHANNEL);
  t.equal(server.mails.length, 0);
  queue.staffed = false;
  await channels.entered(CHANNEL);
  await channels.entered(CHANNEL);
  t.same(
    server.mails.map(({ to }) => to),
    [['team@example.org']],
  );
  t.match(server.mails[0]?.text, /Subject: Hilfe: jemand wartet \/ Help: somebody is waiting/);
  t.match(server.mails[0]?.text, /https:\/\/help\.example\.org\/console/);
});

t.test('whoever is in no group belongs to the first, and a group has its own ways of inviting', (t) => {
  const { groups } = scene();
  t.equal(groups.of(1).id, 'support');
  t.equal(groups.of(7).id, 'sales');
  t.equal(groups.allows(1, 'pin'), true);
  t.equal(groups.allows(1, 'sms', 'link'), false);
  t.equal(groups.allows(7, 'pin'), false);
  t.end();
});

t.test('a group is not there twice, nor a technician in two', (t) => {
  const { schema } = DEFINITIONS.groups;
  const other = { ...SUPPORT, id: 'other' };
  t.equal(schema.safeParse({ groups: [SUPPORT, other] }).success, true);
  t.equal(schema.safeParse({ groups: [] }).success, false);
  t.equal(schema.safeParse({ groups: [SUPPORT, SUPPORT] }).success, false);
  t.equal(
    schema.safeParse({ groups: [SUPPORT, other].map((group) => ({ ...group, technicianIds: [3] })) }).success,
    false,
  );
  t.equal(DEFINITIONS.channels.schema.safeParse({ channels: [CHANNEL, CHANNEL] }).success, false);
  t.equal(
    DEFINITIONS.channels.schema.safeParse({ channels: [{ ...CHANNEL, name: 'Nope/..' }] }).success,
    false,
  );
  t.end();
});
