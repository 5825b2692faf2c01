/** The built pages, read once into memory and served precompressed. Pure after loading. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { documentHeaders, plainHeaders } from './http-headers.ts';
import type { HttpRequest, HttpResponse } from './server.ts';
import { StartError } from './start-error.ts';

/** File names with a content hash never change; everything else is revalidated by its ETag. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
const REVALIDATE = 'no-cache';

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

/** Links of experts and observers. */
const GUEST_PATH = /^\/g\/[A-Za-z0-9_-]{1,128}$/;
/** Links of invitations and pages of channels. */
const CUSTOMER_PATH = /^\/(j\/[A-Za-z0-9_-]{1,128}|c\/[a-z0-9-]{1,40})$/;

type Asset = {
  type: string;
  etag: string;
  cacheControl: string;
  isDocument: boolean;
  identity: Buffer;
  br: Buffer | undefined;
  gzip: Buffer | undefined;
};

export type Pages = (request: HttpRequest, secure: boolean) => HttpResponse | undefined;

function readOptional(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}

function readAsset(path: string, name: string): Asset {
  const identity = readFileSync(path);
  const type = CONTENT_TYPES[extname(name)] ?? 'application/octet-stream';
  return {
    type,
    etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`,
    cacheControl: name.startsWith('assets/') ? IMMUTABLE : REVALIDATE,
    isDocument: extname(name) === '.html',
    identity,
    br: readOptional(`${path}.br`),
    gzip: readOptional(`${path}.gz`),
  };
}

function readFolder(folder: string): Map<string, Asset> {
  if (!existsSync(join(folder, 'index.html'))) {
    throw new StartError('pagesMissing', `The pages are not built (${folder}). Run: npm run build`);
  }
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !/\.(br|gz)$/.test(entry.name),
  );
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(folder.length + 1);
      return [name, readAsset(path, name)];
    }),
  );
}

function respond(asset: Asset, request: HttpRequest, secure: boolean): HttpResponse {
  const accepted = request.headers.get('accept-encoding') ?? '';
  const encoding =
    asset.br && /\bbr\b/.test(accepted) ? 'br' : asset.gzip && /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
  const headers: Record<string, string> = {
    ...(asset.isDocument ? documentHeaders(request.headers.get('host') ?? '', secure) : plainHeaders(secure)),
    'Content-Type': asset.type,
    'Cache-Control': asset.cacheControl,
    ETag: asset.etag,
    Vary: 'Accept-Encoding',
  };
  if (request.headers.get('if-none-match') === asset.etag) {
    return { status: 304, headers, body: '' };
  }
  if (encoding) {
    headers['Content-Encoding'] = encoding;
  }
  const body = (encoding && asset[encoding]) ?? asset.identity;
  return { status: 200, headers, body };
}

/**
 * Loads `capture/` and `console/` below `folder`.
 * `/`, `/j/TOKEN`, `/c/CHANNEL`, `/g/TOKEN` and `/console…` are documents; their files live under `/capture/` and `/console/`.
 * @throws StartError `pagesMissing`
 */
export function loadPages(folder: string): Pages {
  const capture = readFolder(join(folder, 'capture'));
  const console = readFolder(join(folder, 'console'));
  return (request, secure) => {
    const asset = find(request.path);
    return asset && respond(asset, request, secure);
  };

  function find(path: string): Asset | undefined {
    if (path === '/' || CUSTOMER_PATH.test(path)) {
      return capture.get('index.html');
    }
    if (GUEST_PATH.test(path)) {
      return console.get('guest.html');
    }
    if (path === '/favicon.ico') {
      return capture.get('mark.svg');
    }
    if (path.startsWith('/capture/')) {
      return capture.get(path.slice('/capture/'.length));
    }
    if (path === '/console' || path.startsWith('/console/')) {
      const name = path.slice('/console/'.length);
      return console.get(name) ?? (extname(name) === '' ? console.get('index.html') : undefined);
    }
    return undefined;
  }
}
