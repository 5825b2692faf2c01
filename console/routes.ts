/** Addresses below `/console`. Pure. */
import type { SessionId } from '../relay/protocol.ts';

export type Route =
  | { page: 'sessions' }
  | { page: 'session'; id: SessionId }
  | { page: 'admin' }
  | { page: 'setUp'; token: string };

export const BASE = '/console';

/** Anything unknown is the list, the page that everybody can start from. */
export function parseRoute(url: Pick<URL, 'pathname' | 'search'>): Route {
  const [page = '', detail = ''] = url.pathname.slice(BASE.length).split('/').filter(Boolean);
  switch (page) {
    case 'admin':
      return { page: 'admin' };
    case 'set-up':
      return { page: 'setUp', token: new URLSearchParams(url.search).get('token') ?? '' };
    case 'session':
      return /^[1-9]\d{0,14}$/.test(detail) ? { page: 'session', id: Number(detail) } : { page: 'sessions' };
    default:
      return { page: 'sessions' };
  }
}

export function pathOf(route: Exclude<Route, { page: 'setUp' }>): string {
  switch (route.page) {
    case 'sessions':
      return BASE;
    case 'session':
      return `${BASE}/session/${route.id}`;
    case 'admin':
      return `${BASE}/admin`;
  }
}
