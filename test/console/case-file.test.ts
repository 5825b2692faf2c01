/** Real: page, ZIP and order of time. Faked: the session. */
import { strFromU8, unzipSync } from 'fflate';
import t from 'tap';
import { type CaseEntry, caseArchive } from '../../console/case-archive.ts';
import { caseFileName, caseFilePage } from '../../console/case-file.ts';
import { parseRoute, pathOf } from '../../console/routes.ts';
import { timelineOf } from '../../console/timeline.ts';
import type { SessionRecordView } from '../../relay/protocol.ts';

// Node 20 has no navigator; dates ask it for the region.
Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en-GB'] }, configurable: true });

const SCRIPT = `"><script>alert('1')</script>&amp;`;
const RECORD: SessionRecordView = {
  ...{ id: 1001, state: 'closedByTechnician', technician: SCRIPT, channel: SCRIPT, createdAt: 1_000 },
  fields: { name: SCRIPT, phone: SCRIPT, email: '', ticketId: '', custom: { [SCRIPT]: SCRIPT } },
  ...{ startedAt: 61_000, endedAt: 183_000, outcome: 'resolved', stars: 4, notes: SCRIPT, comment: SCRIPT },
  browser: SCRIPT,
  events: [
    {
      id: 1,
      sessionId: 1001,
      at: 1_000,
      actor: 'technician',
      actorName: SCRIPT,
      type: 'sessionCreated',
      data: {},
    },
    {
      id: 2,
      sessionId: 1001,
      at: 70_000,
      actor: 'system',
      actorName: '',
      type: 'pictureChanged',
      data: { mode: SCRIPT, cause: SCRIPT },
    },
    {
      id: 3,
      sessionId: 1001,
      at: 183_000,
      actor: 'customer',
      actorName: '',
      type: 'rated',
      data: { stars: 4 },
    },
  ],
  chat: [{ id: 1, at: 65_000, from: 'customer', name: '', text: SCRIPT, clientId: 'c1' }],
  photos: [],
  consents: [
    {
      ...{ at: 60_000, kind: 'terms', answer: 'granted', version: 2, language: 'en' },
      ...{ textHash: SCRIPT, tokenHash: '' },
    },
  ],
};

t.test('log and chat stand in the order of time', async (t) => {
  const items = timelineOf(RECORD.events, RECORD.chat, RECORD.fields);
  t.same(
    items.map(({ key, kind }) => [key, kind]),
    [
      ['e1', 'course'],
      ['c1', 'chat'],
      ['e2', 'technical'],
      ['e3', 'course'],
    ],
  );
});

t.test('whatever people wrote is text in the case file', async (t) => {
  const media = [{ path: `photos/${SCRIPT}.jpg`, title: SCRIPT, isPicture: true }];
  const page = caseFilePage(RECORD, media, 200_000);
  t.notMatch(page, /<script|alert\('1'\)/);
  t.match(page, /default-src 'none'/);
  t.match(page, '&#34;&#62;&#60;script&#62;alert');
  t.match(page, /<dd>02:02<\/dd>/, 'duration');
});

t.test('the ZIP holds page, data and media as they are', async (t) => {
  const bytes = new Uint8Array(100_000).map((_, index) => (index * 31) % 251);
  async function* media(): AsyncGenerator<CaseEntry> {
    yield { path: 'photos/1.jpg', title: 'Photo 1', isPicture: true, bytes };
  }
  const record = { ...RECORD, fields: { ...RECORD.fields, name: 'Frau Müller / ../x' } };
  const zip = unzipSync(new Uint8Array(await (await caseArchive(record, media(), 200_000)).arrayBuffer()));
  const folder = 'session-1001-Frau-Müller-x';
  t.equal(caseFileName(record), folder);
  t.same(Object.keys(zip).sort(), [
    `${folder}/index.html`,
    `${folder}/photos/1.jpg`,
    `${folder}/session.json`,
  ]);
  t.same(zip[`${folder}/photos/1.jpg`], bytes);
  t.same(JSON.parse(strFromU8(zip[`${folder}/session.json`] ?? new Uint8Array())), record);
  t.match(strFromU8(zip[`${folder}/index.html`] ?? new Uint8Array()), /src="photos\/1\.jpg"/);
});

t.test('addresses of the archive are read as they are written', async (t) => {
  for (const route of [
    { page: 'archive' },
    { page: 'record', id: 1001 },
    { page: 'session', id: 7 },
  ] as const) {
    t.same(parseRoute({ pathname: pathOf(route), search: '' }), route);
  }
  t.same(parseRoute({ pathname: '/console/archive/x1', search: '' }), { page: 'archive' });
});
