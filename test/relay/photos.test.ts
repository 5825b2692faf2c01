/**
 * Photos of real sessions. Real: sessions, consents, the SQLite store and the files on disk. Faked: pages (they write down what
 * they are told), the media plane, the clock.
 */
import { createHash, randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import { answerConsent, askConsent } from '../../relay/consent-ledger.ts';
import { CONSENT_QUESTIONS } from '../../relay/consents.ts';
import type { LiveSession } from '../../relay/live-session.ts';
import { readPhotoPart } from '../../relay/photo-part.ts';
import {
  type Mark,
  PHOTO_HEADER_BYTES,
  PHOTO_MARKS_MAX,
  PHOTO_MAX_BYTES,
  PHOTO_PART_MAX_BYTES,
  PHOTOS_UNFINISHED_MAX,
  type PhotoId,
} from '../../relay/protocol.ts';
import { technicianActor } from '../../relay/session-context.ts';
import { createWaiting, granted, openScene, Page, type Scene } from '../support/sessions-scene.ts';

function test(name: string, work: (t: Test, scene: Scene) => Promise<void>): void {
  t.test(name, async (t) => {
    const scene = await openScene(t.testdir());
    try {
      await work(t, scene);
    } finally {
      await scene.close();
    }
  });
}

async function active(scene: Scene, consent = true) {
  const console = new Page();
  await scene.sessions.consoleJoined(scene.anna, console, []);
  const { session, customer } = await createWaiting(scene, scene.anna);
  granted(await scene.sessions.start(scene.anna, session));
  if (consent) {
    await askConsent(technicianActor(scene.anna), session, 'photos');
    await answer(scene, session, true);
  }
  return { console, customer, session, photos: session.photos, id: session.record.id };
}

function answer(scene: Scene, session: LiveSession, isGranted: boolean) {
  const { hash } = CONSENT_QUESTIONS.photos.de;
  return answerConsent(
    session,
    { kind: 'photos', granted: isGranted, language: 'de', hash },
    () => scene.clock.now,
  );
}

/** Looks like a JPEG of 4000 x 3000 as far as anybody looks. */
function photo(bytes = 150_000): Buffer {
  const head = Buffer.from('ffd8ffc0001108 0bb8 0fa0 03012200021101031101'.replaceAll(' ', ''), 'hex');
  return Buffer.concat([head, randomBytes(bytes - head.length)]);
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function offerOf(photoId: PhotoId, bytes: Uint8Array, sessionId = 0) {
  return {
    ...{ sessionId, photoId, format: 'image/jpeg' as const },
    ...{ bytes: bytes.length, sha256: hashOf(bytes) },
  };
}

/** Sends parts from `from` on until there are none, or so many. @returns the last answer */
async function send(
  session: LiveSession,
  photoId: PhotoId,
  bytes: Uint8Array,
  { from = 0, most = 1_000 } = {},
) {
  let last: Awaited<ReturnType<typeof session.photos.part>> = { receivedBytes: from };
  for (let at = from; at < bytes.length && most > 0; at += PHOTO_PART_MAX_BYTES, most -= 1) {
    const part = bytes.subarray(at, at + PHOTO_PART_MAX_BYTES);
    last = await session.photos.part('customer', { sessionId: 0, photoId, offset: at, bytes: part });
  }
  return last;
}

test('a photo is asked for, offered, received and kept as it was', async (t, scene) => {
  const { console, customer, session, photos, id } = await active(scene);
  const asked = granted(await photos.take());
  t.match(asked.photo, { source: 'camera', state: 'wanted' });
  t.match(customer.of('photoWanted'), [{ sessionId: id, photoId: asked.photo.id }]);
  t.equal(granted(await photos.take()).photo.id, asked.photo.id, 'pressed twice it is one photo');

  const bytes = photo();
  const photoId = asked.photo.id;
  t.same(await photos.offer('customer', offerOf(photoId, bytes)), { photoId, receivedBytes: 0 });
  t.same(await send(session, photoId, bytes), { receivedBytes: bytes.length });
  t.match(console.of('photo').at(-1)?.photo, {
    state: 'kept',
    receivedBytes: bytes.length,
    file: { type: 'image/jpeg', bytes: bytes.length, width: 4000, height: 3000 },
  });
  t.ok(scene.blob.get && Buffer.from((await scene.blob.get(`photos/${id}/${photoId}`)) ?? []).equals(bytes));
  t.match((await scene.store.events(id)).at(-1), {
    type: 'photoTaken',
    actor: 'customer',
    data: { bytes: bytes.length, width: 4000, height: 3000 },
  });
  t.same(await photos.offer('customer', offerOf(photoId, bytes)), {
    photoId,
    receivedBytes: bytes.length,
  });
});

test('without consent there is no photo and no snapshot; taken back, what is on its way stops', async (t, scene) => {
  const { console, session, photos } = await active(scene, false);
  const bytes = photo();
  t.equal(await photos.take(), 'consentMissing');
  t.equal(await photos.offer('technician', offerOf(0, bytes)), 'consentMissing');
  t.match(await photos.offer('customer', offerOf(0, bytes)), { receivedBytes: 0 }, 'their own they may send');

  await askConsent(technicianActor(scene.anna), session, 'photos');
  await answer(scene, session, true);
  const { id: photoId } = granted(await photos.take()).photo;
  await photos.offer('customer', offerOf(photoId, photo(200_000)));
  await send(session, photoId, photo(200_000), { most: 1 });
  await answer(scene, session, false);
  t.match(console.of('photoGone'), [{ photoId, code: 'photosNotAllowed' }]);
  t.equal(await send(session, photoId, bytes), 'noSuchPhoto');
  t.equal(photos.open().photos.length, 1, 'the one of their own stays');
});

test('after a relay that was killed the photo goes on where it was acknowledged', async (t, scene) => {
  const { session, photos, id } = await active(scene);
  const bytes = photo(200_000);
  const { id: photoId } = granted(await photos.take()).photo;
  await photos.offer('customer', offerOf(photoId, bytes));
  const { receivedBytes } = granted(await send(session, photoId, bytes, { most: 2 }));
  t.equal(receivedBytes, 2 * PHOTO_PART_MAX_BYTES);

  const again = granted((await scene.restart()).byId(id));
  t.match(again.photos.open().photos, [{ id: photoId, state: 'sending', receivedBytes }]);
  t.same(await again.photos.offer('customer', offerOf(photoId, bytes)), { photoId, receivedBytes });
  t.same(
    await send(again, photoId, bytes, { from: 0, most: 1 }),
    { receivedBytes },
    'a part that is there already is left aside',
  );
  t.same(await send(again, photoId, bytes, { from: receivedBytes }), { receivedBytes: bytes.length });
  t.ok(Buffer.from((await scene.blob.get(`photos/${id}/${photoId}`)) ?? []).equals(bytes));
  const third = granted((await scene.restart()).byId(id));
  t.match(third.photos.open().photos, [{ id: photoId, state: 'kept' }]);
});

test('what is no image, is too large, or is not what was said, is refused, and nothing else is lost', async (t, scene) => {
  const { console, session, photos, id } = await active(scene);
  const { id: first } = granted(await photos.take()).photo;
  const text = Buffer.alloc(100_000, 'no picture ');
  await photos.offer('customer', offerOf(first, text));
  t.equal(await send(session, first, text, { most: 1 }), 'photoNotImage');
  t.match(console.of('photoGone').at(-1), { photoId: first, code: 'photoNotImage' });

  const { id: second } = granted(await photos.take()).photo;
  const large = { ...offerOf(second, text), bytes: PHOTO_MAX_BYTES + 1 };
  t.equal(await photos.offer('customer', large), 'photoTooLarge');
  t.match(console.of('photoGone').at(-1), { photoId: second, code: 'photoTooLarge' });

  const { id: third } = granted(await photos.take()).photo;
  const bytes = photo();
  await photos.offer('customer', { ...offerOf(third, bytes), sha256: 'ab'.repeat(32) });
  t.equal(await send(session, third, bytes), 'photoBroken');
  t.same(await photos.offer('customer', offerOf(third, bytes)), { photoId: third, receivedBytes: 0 });
  t.same(await send(session, third, bytes), { receivedBytes: bytes.length }, 'and can be sent again');

  const headless = Buffer.concat([Buffer.from('ffd8ffe00010', 'hex'), randomBytes(1000)]);
  const { id: fourth } = granted(await photos.take()).photo;
  await photos.offer('customer', offerOf(fourth, headless));
  t.equal(await send(session, fourth, headless), 'photoNotImage', 'an image that never says its size');
  t.same(
    photos.open().photos.map(({ state }) => state),
    ['kept'],
  );
  const reasons = (await scene.store.events(id)).filter(({ type }) => type === 'photoFailed');
  t.same(
    reasons.map(({ data }) => data['reason']),
    ['notImage', 'tooLarge', 'notImage'],
  );
});

test('a kept photo is deleted with its file, and the log keeps that there was one', async (t, scene) => {
  const { console, customer, session, photos, id } = await active(scene);
  const bytes = photo();
  const { id: photoId } = granted(await photos.take()).photo;
  t.equal(await photos.remove(photoId), 'noSuchPhoto', 'one that is not there yet is cancelled instead');
  await photos.offer('customer', offerOf(photoId, bytes));
  await send(session, photoId, bytes);
  t.equal(await photos.remove(photoId), undefined);
  t.equal(await scene.blob.get(`photos/${id}/${photoId}`), undefined);
  t.same(photos.open().photos, []);
  t.same(await scene.store.photos(id), []);
  for (const page of [console, customer]) {
    t.match(page.of('photoGone'), [{ photoId, code: undefined }]);
  }
  t.match((await scene.store.events(id)).at(-1), { type: 'photoDeleted', data: { source: 'camera' } });
  t.equal(await photos.remove(photoId), 'noSuchPhoto');
});

test('parts that do not fit, come from the other one, or for nothing, change nothing', async (t, scene) => {
  const { session, photos } = await active(scene);
  const bytes = photo(1000);
  const { id: photoId } = granted(await photos.take()).photo;
  const part = { sessionId: 0, photoId, offset: 0, bytes };
  t.equal(await photos.part('customer', part), 'noSuchPhoto', 'not offered yet');
  await photos.offer('customer', offerOf(photoId, bytes));
  t.equal(await photos.part('technician', part), 'notAllowed');
  t.equal(await photos.part('customer', { ...part, photoId: 99 }), 'noSuchPhoto');
  t.same(await photos.part('customer', { ...part, offset: 10 }), { receivedBytes: 0 });
  t.equal(await photos.part('customer', { ...part, bytes: photo(2000) }), 'badMessage');
  const many = await Promise.all(Array.from({ length: 6 }, () => photos.part('customer', part)));
  t.equal(many.filter((each) => each === 'tooManyMessages').length, 2, 'at most four wait for the disk');
  t.same(await send(session, photoId, bytes), { receivedBytes: 1000 });
});

test('the phone may have none, and the technician may not want it any more', async (t, scene) => {
  const { console, customer, photos } = await active(scene);
  const { id: first } = granted(await photos.take()).photo;
  t.equal(await photos.failed(first, 'cameraPaused'), undefined);
  t.match(console.of('photoGone').at(-1), { photoId: first, code: 'noPhoto' });
  const { id: second } = granted(await photos.take()).photo;
  t.equal(await photos.cancel('customer', second), 'notAllowed');
  t.equal(await photos.cancel('technician', second), undefined);
  t.same(customer.of('photoGone').at(-1)?.code, undefined);
  t.equal(await photos.cancel('technician', second), 'noSuchPhoto');
  for (let i = 0; i < PHOTOS_UNFINISHED_MAX; i++) {
    t.match(await photos.offer('customer', offerOf(0, photo(1000))), { receivedBytes: 0 });
  }
  t.equal(await photos.take(), 'photosFull');
});

test('with the end of the session what is not whole is gone', async (t, scene) => {
  const { session, photos } = await active(scene);
  const bytes = photo();
  const { id: kept } = granted(await photos.take()).photo;
  await photos.offer('customer', offerOf(kept, bytes));
  await send(session, kept, bytes);
  granted(await photos.take());
  await scene.sessions.end(scene.anna, session, {});
  await photos.marks(kept);
  await photos.cancel('technician', 99);
  t.same(
    photos.open().photos.map(({ id }) => id),
    [kept],
  );
  t.equal(await photos.take(), 'wrongState');
});

test('marks are kept apart from the photo, and survive a restart', async (t, scene) => {
  const { session, photos, id } = await active(scene);
  const bytes = photo();
  const { id: photoId } = granted(await photos.take()).photo;
  await photos.offer('customer', offerOf(photoId, bytes));
  await send(session, photoId, bytes);
  const mark = (name: string): Mark => ({
    ...{ id: name, tool: 'numberedArrow', colour: 'blue' },
    points: [1, 2, 3, 4],
  });
  await photos.mark(photoId, [
    { type: 'add', mark: mark('aaaaaaaa') },
    { type: 'add', mark: mark('bbbbbbbb') },
    { type: 'add', mark: mark('bbbbbbbb') },
    { type: 'remove', markId: 'aaaaaaaa' },
  ]);
  t.equal(await photos.mark(99, [{ type: 'remove', markId: 'aaaaaaaa' }]), 'noSuchPhoto');
  const many = Array.from({ length: PHOTO_MARKS_MAX }, (_, at) => mark(`m${String(at).padStart(8, '0')}`));
  t.equal(
    await photos.mark(
      photoId,
      many.map((each) => ({ type: 'add', mark: each })),
    ),
    'boardFull',
  );
  const again = granted((await scene.restart()).byId(id)).photos;
  t.match(again.marks(photoId), { marks: [{ id: 'bbbbbbbb', number: 2, by: 'technician' }] });
  t.ok(Buffer.from((await scene.blob.get(`photos/${id}/${photoId}`)) ?? []).equals(bytes));
});

t.test('the frame of a part is read, whatever its length', async (t) => {
  const frame = Buffer.alloc(PHOTO_HEADER_BYTES + 3);
  frame.writeUInt8(3, 0);
  frame.writeUInt32BE(5, 1);
  frame.writeDoubleBE(1001, 5);
  frame.writeUInt32BE(7, 13);
  frame.writeUInt32BE(4096, 17);
  t.match(readPhotoPart(frame), {
    ok: true,
    id: 5,
    part: { sessionId: 1001, photoId: 7, offset: 4096 },
  });
  for (let length = 0; length <= PHOTO_HEADER_BYTES; length++) {
    t.same(readPhotoPart(frame.subarray(0, length)), {
      ok: false,
      id: length < 5 ? 0 : 5,
      code: 'badMessage',
    });
  }
  const large = Buffer.concat([frame, Buffer.alloc(PHOTO_PART_MAX_BYTES)]);
  t.same(readPhotoPart(large), { ok: false, id: 5, code: 'messageTooLarge' });
});
