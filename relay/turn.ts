/**
 * The way out of networks that block UDP: time-limited credentials for the operator's coturn. Pure.
 * The scheme is coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00): relay and coturn share a secret, coturn
 * keeps no accounts, and a user name carries the time until which it is good.
 */
import { createHmac } from 'node:crypto';
import type { IceServer, Role, SessionId } from './protocol.ts';

export type TurnSettings = {
  /** As browsers take them (RFC 7065), such as `turns:turn.example.org:443?transport=tcp`. Empty for no TURN. */
  urls: readonly string[];
  secret: string;
};

/**
 * How long a credential lets its page make allocations: longer than most sessions, so that a browser which changes
 * its network may allocate again by itself. Each new offer has a fresh one, and coturn lets what exists go on.
 */
const CREDENTIAL_LIFETIME_MS = 2 * 60 * 60 * 1000;

/** Each address costs every page an allocation; browsers warn from five on. */
export const TURN_URLS_MAX = 4;

/** HMAC-SHA1 is no stronger than its 160 bit; 16 characters are the least that nobody searches through. */
export const TURN_SECRET_MIN_LENGTH = 16;

/** Of RFC 7065 what browsers take: no IPv6 zone, no user part. */
const TURN_URL =
  /^turns?:(?:[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?(?:\?transport=(?:udp|tcp))?$/i;

/** True for an address that a browser's RTCPeerConnection takes; it throws on others, and then no media work at all. */
export function isTurnUrl(text: string): boolean {
  const match = TURN_URL.exec(text);
  const port = Number(match?.[1] ?? 1);
  return match !== null && port >= 1 && port <= 65_535;
}

/**
 * What an offer says about TURN: nothing at all when it is not configured. The user name names session and role and so
 * no person; coturn counts its quota by that part.
 * @param now epoch milliseconds
 */
export function iceServers(
  { urls, secret }: TurnSettings,
  of: { sessionId: SessionId; role: Role },
  now: number,
): IceServer[] {
  if (urls.length === 0) {
    return [];
  }
  const expiry = Math.floor((now + CREDENTIAL_LIFETIME_MS) / 1000);
  const username = `${expiry}:session-${of.sessionId}-${of.role}`;
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return [{ urls: [...urls], username, credential }];
}
