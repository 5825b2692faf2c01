/** The pictures of a session for its case file: as they are, and those with marks a second time with them drawn in. */
import { drawPicture } from '../relay/client/board-layers.ts';
import type { KeptPhoto, SessionId, SessionRecordView } from '../relay/protocol.ts';
import type { CaseEntry } from './case-archive.ts';
import { dateAndTime } from './localization.ts';
import { markedTitle, sourceWord } from './photo-words.ts';

const ENDINGS = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' } as const;
/** Of a JPEG; the marks have hard edges. */
const QUALITY = 0.95;

/** Address of the bytes. */
export function photoAddress(sessionId: SessionId, { id }: Pick<KeptPhoto, 'id'>): string {
  return `/api/sessions/${sessionId}/photos/${id}`;
}

/** One by one. @throws when the relay does not give one of them */
export async function* caseMedia(record: SessionRecordView): AsyncGenerator<CaseEntry> {
  for (const photo of record.photos) {
    const response = await fetch(photoAddress(record.id, photo), { credentials: 'same-origin' });
    if (!response.ok) {
      throw new Error(`photo ${photo.id}: ${response.status}`);
    }
    const blob = await response.blob();
    const title = `${sourceWord(photo)}, ${dateAndTime(photo.at)}`;
    const path = `photos/${photo.id}`;
    yield {
      ...{ path: `${path}.${ENDINGS[photo.file.type]}`, title, isPicture: true },
      bytes: new Uint8Array(await blob.arrayBuffer()),
    };
    const marked = photo.marks.length > 0 ? await withMarks(blob, photo) : undefined;
    if (marked) {
      yield { path: `${path}-marks.jpg`, title: markedTitle(title), isPicture: true, bytes: marked };
    }
  }
}

async function withMarks(blob: Blob, { marks }: KeptPhoto): Promise<Uint8Array | undefined> {
  const picture = await createImageBitmap(blob);
  const canvas = drawPicture(picture, marks);
  picture.close();
  const jpeg = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, 'image/jpeg', QUALITY);
  });
  return jpeg ? new Uint8Array(await jpeg.arrayBuffer()) : undefined;
}
