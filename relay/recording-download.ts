/**
 * Recordings over HTTP, for whoever may see the session: how far they are, the film in the ranges that players ask for, other
 * formats made when they are asked for. Every view, download and deletion is a line of the session's log.
 */
import { stat } from 'node:fs/promises';
import type { Accounts } from './accounts.ts';
import { errorResponse, jsonResponse, signInToken } from './api.ts';
import { readRange } from './file-body.ts';
import type { Finishing } from './finishing.ts';
import { NO_STORE, plainHeaders } from './http-headers.ts';
import type { Log } from './log.ts';
import { isFailure } from './outcome.ts';
import { PLAYBACK_FORMATS, type PlaybackFormat, type SessionEventType, type SessionId } from './protocol.ts';
import type { HttpRequest, HttpResponse } from './server.ts';
import type { AccountRecord, Store } from './store.ts';

const PATH = /^\/api\/sessions\/(\d{1,15})\/recording(?:\/(state|sheet))?$/;

const TYPES: Record<PlaybackFormat, string> = {
  webm: 'video/webm',
  mkv: 'video/x-matroska',
  mp4: 'video/mp4',
  wav: 'audio/wav',
};

/** A player asks for many ranges and jumps back to the beginning: within this it is the same view. */
const VIEW_MS = 10 * 60_000;
const VIEWS_MAX = 10_000;

export type RecordingDownloadOptions = {
  accounts: Pick<Accounts, 'byToken'>;
  store: Pick<Store, 'session' | 'transaction'>;
  finishing: Pick<Finishing, 'view' | 'file' | 'sheet' | 'finish' | 'delete'>;
  refuseOrigin: (request: HttpRequest) => HttpResponse | undefined;
  secure: boolean;
  log: Log;
  /** Epoch milliseconds. */
  now: () => number;
};

/** Answers everything at and below `/api/sessions/:id/recording`; undefined for every other path. */
export function createRecordingDownload(
  options: RecordingDownloadOptions,
): (request: HttpRequest) => Promise<HttpResponse> | undefined {
  const download = new RecordingDownload(options);
  return (request) => {
    const [, sessionId, detail] = PATH.exec(request.path) ?? [];
    if (sessionId === undefined) {
      return undefined;
    }
    return download.respond(request, Number(sessionId), detail).catch((error: unknown) => {
      options.log.error({ err: error }, 'recordingNotRead');
      return errorResponse('internal', options.secure);
    });
  };
}

class RecordingDownload {
  readonly #options: RecordingDownloadOptions;
  readonly #viewedAt = new Map<string, number>();

  constructor(options: RecordingDownloadOptions) {
    this.#options = options;
  }

  async respond(
    request: HttpRequest,
    sessionId: SessionId,
    detail: string | undefined,
  ): Promise<HttpResponse> {
    const { accounts, store, finishing, refuseOrigin, secure } = this.#options;
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    const isChanging = detail === undefined && (request.method === 'POST' || request.method === 'DELETE');
    if (!isReading && !isChanging) {
      return errorResponse('methodNotAllowed', secure);
    }
    const refusal = isReading ? undefined : refuseOrigin(request);
    if (refusal) {
      return refusal;
    }
    const account = await accounts.byToken(signInToken(request) ?? '');
    if (!account) {
      return errorResponse('notSignedIn', secure);
    }
    const session = await store.session(sessionId);
    if (!session || (account.role !== 'administrator' && session.technicianId !== account.id)) {
      return errorResponse('noSuchSession', secure);
    }
    if (request.method === 'POST') {
      finishing.finish({ sessionId });
      return jsonResponse(202, await finishing.view(sessionId), secure);
    }
    if (request.method === 'DELETE') {
      return this.#delete(sessionId, account);
    }
    if (detail === 'state') {
      return jsonResponse(200, await finishing.view(sessionId), secure);
    }
    return detail === 'sheet' ? this.#sheet(request, sessionId) : this.#film(request, sessionId, account);
  }

  async #film(request: HttpRequest, sessionId: SessionId, account: AccountRecord): Promise<HttpResponse> {
    const { finishing, secure } = this.#options;
    const wanted = request.query.get('format') ?? undefined;
    if (wanted !== undefined && !isFormat(wanted)) {
      return errorResponse('invalidField', secure);
    }
    const found = await finishing.file(sessionId, wanted);
    if (isFailure(found)) {
      return errorResponse(found.failed, secure);
    }
    if (!('path' in found)) {
      return jsonResponse(202, { done: found.done }, secure);
    }
    const { path, format } = found;
    const answer = await this.#ranges(request, path, {
      'Content-Type': TYPES[format],
      'Content-Disposition': `${wanted === undefined ? 'inline' : 'attachment'}; filename="session-${sessionId}.${format}"`,
    });
    const isBeginning = typeof answer.body === 'object' && 'file' in answer.body && answer.body.from === 0;
    if (
      request.method === 'GET' &&
      isBeginning &&
      (wanted !== undefined || this.#isNewView(sessionId, account))
    ) {
      const type = wanted === undefined ? 'recordingViewed' : 'recordingDownloaded';
      await this.#note(sessionId, account, type, wanted === undefined ? {} : { format });
    }
    return answer;
  }

  async #sheet(request: HttpRequest, sessionId: SessionId): Promise<HttpResponse> {
    const path = await this.#options.finishing.sheet(sessionId);
    return path === undefined
      ? errorResponse('noSuchRecording', this.#options.secure)
      : this.#ranges(request, path, { 'Content-Type': 'image/jpeg' });
  }

  async #ranges(request: HttpRequest, path: string, headers: Record<string, string>): Promise<HttpResponse> {
    const { secure } = this.#options;
    const { size, mtimeMs } = await stat(path);
    const tag = `"${size}-${Math.round(mtimeMs)}"`;
    const common = {
      ...plainHeaders(secure),
      ...headers,
      'Accept-Ranges': 'bytes',
      'Cache-Control': NO_STORE,
      ETag: tag,
      // Whatever a browser may find in the file, it runs nothing of it.
      'Content-Security-Policy': "default-src 'none'; media-src 'self'; sandbox",
    };
    const condition = request.headers.get('if-range');
    const isSame = condition === undefined || condition === tag;
    const range = isSame ? readRange(request.headers.get('range'), size) : undefined;
    if (range === 'unsatisfiable') {
      return { status: 416, headers: { ...common, 'Content-Range': `bytes */${size}` }, body: '' };
    }
    if (range === undefined) {
      return { status: 200, headers: common, body: { file: path, from: 0, length: size } };
    }
    const { from, length } = range;
    return {
      status: 206,
      headers: { ...common, 'Content-Range': `bytes ${from}-${from + length - 1}/${size}` },
      body: { file: path, from, length },
    };
  }

  async #delete(sessionId: SessionId, account: AccountRecord): Promise<HttpResponse> {
    const { finishing, secure } = this.#options;
    // The line first: nothing is deleted without one.
    const view = await finishing.view(sessionId);
    if (view.state === 'none') {
      return errorResponse('noSuchRecording', secure);
    }
    await this.#note(sessionId, account, 'recordingDeleted', {});
    await finishing.delete(sessionId);
    return jsonResponse(200, {}, secure);
  }

  #isNewView(sessionId: SessionId, { id }: AccountRecord): boolean {
    const now = this.#options.now();
    const key = `${sessionId}/${id}`;
    const isNew = now - (this.#viewedAt.get(key) ?? Number.NEGATIVE_INFINITY) > VIEW_MS;
    if (isNew) {
      if (this.#viewedAt.size >= VIEWS_MAX) {
        this.#viewedAt.clear();
      }
      this.#viewedAt.set(key, now);
    }
    return isNew;
  }

  async #note(
    sessionId: SessionId,
    { name }: AccountRecord,
    type: SessionEventType,
    data: Record<string, string>,
  ): Promise<void> {
    const event = { at: this.#options.now(), actor: 'technician', actorName: name, type, data } as const;
    await this.#options.store.transaction((tx) => tx.appendEvents(sessionId, [event]));
  }
}

function isFormat(name: string): name is PlaybackFormat {
  return (PLAYBACK_FORMATS as readonly string[]).includes(name);
}
