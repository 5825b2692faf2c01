/** The case file as a ZIP: the page, the same as data, and the media as they are. Loaded when somebody wants one. */
import { strToU8, Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import type { SessionRecordView } from '../relay/protocol.ts';
import { type CaseMedia, caseFileName, caseFilePage } from './case-file.ts';

export type CaseEntry = CaseMedia & { bytes: Uint8Array };

/**
 * @param media is taken one by one, so that no two of them need be in memory at once
 * @param madeAt epoch milliseconds
 */
export async function caseArchive(
  record: SessionRecordView,
  media: AsyncIterable<CaseEntry>,
  madeAt: number,
): Promise<Blob> {
  const parts: BlobPart[] = [];
  // Everything is packed at once and by this thread, so the parts are complete when `end` returns.
  const zip = new Zip((error, part) => {
    if (error) {
      throw error;
    }
    parts.push(new Uint8Array(part));
  });
  const folder = caseFileName(record);
  const listed: CaseMedia[] = [];
  for await (const { bytes, ...entry } of media) {
    listed.push(entry);
    // Photos are packed already.
    add(zip, new ZipPassThrough(`${folder}/${entry.path}`), bytes);
  }
  const page = strToU8(caseFilePage(record, listed, madeAt));
  add(zip, new ZipDeflate(`${folder}/index.html`, { level: 6 }), page);
  const data = strToU8(JSON.stringify(record, undefined, 2));
  add(zip, new ZipDeflate(`${folder}/session.json`, { level: 6 }), data);
  zip.end();
  return new Blob(parts, { type: 'application/zip' });
}

function add(zip: Zip, file: ZipPassThrough | ZipDeflate, bytes: Uint8Array): void {
  zip.add(file);
  file.push(bytes, true);
}
