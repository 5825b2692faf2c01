/** Photos over HTTP: as they came from the phone, for whoever may see the session. */
import type { Accounts } from './accounts.ts';
import { errorResponse, signInToken } from './api.ts';
import { NO_STORE, plainHeaders } from './http-headers.ts';
import type { Log } from './log.ts';
import { photoFileName } from './photos.ts';
import type { PhotoType } from './protocol.ts';
import type { HttpRequest, HttpResponse } from './server.ts';
import type { Blob, Store } from './store.ts';

const PATH = /^\/api\/sessions\/(\d{1,15})\/photos\/(\d{1,10})$/;

const EXTENSIONS: Record<PhotoType, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
};

export type PhotoDownloadOptions = {
  accounts: Pick<Accounts, 'byToken'>;
  store: Pick<Store, 'photo' | 'session'>;
  blob: Pick<Blob, 'get'>;
  secure: boolean;
  log: Log;
};

/** Answers `GET /api/sessions/:id/photos/:photo`; undefined for every other path. */
export function createPhotoDownload(
  options: PhotoDownloadOptions,
): (request: HttpRequest) => Promise<HttpResponse> | undefined {
  const { secure, log } = options;
  return (request) => {
    const [, sessionId, photoId] = PATH.exec(request.path) ?? [];
    if (sessionId === undefined || photoId === undefined) {
      return undefined;
    }
    return respond(options, request, Number(sessionId), Number(photoId)).catch((error: unknown) => {
      log.error({ err: error }, 'photoNotRead');
      return errorResponse('internal', secure);
    });
  };
}

async function respond(
  { accounts, store, blob, secure }: PhotoDownloadOptions,
  request: HttpRequest,
  sessionId: number,
  photoId: number,
): Promise<HttpResponse> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return errorResponse('methodNotAllowed', secure);
  }
  const account = await accounts.byToken(signInToken(request) ?? '');
  if (!account) {
    return errorResponse('notSignedIn', secure);
  }
  const session = await store.session(sessionId);
  if (!session || (account.role !== 'administrator' && session.technicianId !== account.id)) {
    return errorResponse('noSuchSession', secure);
  }
  const photo = await store.photo(photoId);
  const bytes =
    photo?.kept && photo.sessionId === sessionId
      ? await blob.get(photoFileName(sessionId, photoId))
      : undefined;
  if (!photo?.file || !bytes) {
    return errorResponse('noSuchPhoto', secure);
  }
  const { type } = photo.file;
  return {
    status: 200,
    headers: {
      ...plainHeaders(secure),
      'Content-Type': type,
      'Content-Disposition': `attachment; filename="session-${sessionId}-photo-${photoId}.${EXTENSIONS[type]}"`,
      'Cache-Control': NO_STORE,
      // Whatever a browser may find in the file, it runs nothing of it.
      'Content-Security-Policy': "default-src 'none'; sandbox",
    },
    body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  };
}
