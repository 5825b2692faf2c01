/** Addresses below `/console`. Pure. */
import type { SessionId } from '../relay/protocol.ts';

export const ADMIN_SECTIONS = [
  'technicians',
  'channels',
  'sms',
  'mail',
  'templates',
  'sessions',
  'fields',
  'terms',
] as const;
export type AdminSection = (typeof ADMIN_SECTIONS)[number];

export type Route =
  | { page: 'sessions' }
  | { page: 'session'; id: SessionId }
  | { page: 'archive' }
  /** What is kept of a session. */
  | { page: 'record'; id: SessionId }
  | { page: 'admin'; section: AdminSection }
  | { page: 'poster'; channel: string }
  | { page: 'setUp'; token: string };

export const BASE = '/console';
const ID = /^[1-9]\d{0,14}$/;

/** Anything unknown is the list, the page that everybody can start from. */
export function parseRoute(url: Pick<URL, 'pathname' | 'search'>): Route {
  const [page = '', detail = ''] = url.pathname.slice(BASE.length).split('/').filter(Boolean);
  switch (page) {
    case 'admin':
      return {
        page: 'admin',
        section: ADMIN_SECTIONS.find((section) => section === detail) ?? 'technicians',
      };
    case 'poster':
      return { page: 'poster', channel: detail };
    case 'set-up':
      return { page: 'setUp', token: new URLSearchParams(url.search).get('token') ?? '' };
    case 'archive':
      return detail === '' || !ID.test(detail) ? { page: 'archive' } : { page: 'record', id: Number(detail) };
    case 'session':
      return ID.test(detail) ? { page: 'session', id: Number(detail) } : { page: 'sessions' };
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
    case 'archive':
      return `${BASE}/archive`;
    case 'record':
      return `${BASE}/archive/${route.id}`;
    case 'admin':
      return route.section === 'technicians' ? `${BASE}/admin` : `${BASE}/admin/${route.section}`;
    case 'poster':
      return `${BASE}/poster/${route.channel}`;
  }
}
