import { recall, remember } from './storage.ts';

/** What a reloaded page needs to continue its session; lives as long as the tab. */
export type Resume = {
  /** Changes with every use. */
  token: string;
  /** The invitation link the session came from; another link means another session. */
  linkToken: string | undefined;
};

const KEY = 'fernblick.resume';

/** The first token of a session, made here so that it is known even when the relay's answer gets lost. */
export function newResumeToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

export function recallResume(): Resume | undefined {
  try {
    const stored: unknown = JSON.parse(recall('session', KEY) ?? 'null');
    if (typeof stored !== 'object' || stored === null || !('token' in stored)) {
      return undefined;
    }
    const linkToken =
      'linkToken' in stored && typeof stored.linkToken === 'string' ? stored.linkToken : undefined;
    return typeof stored.token === 'string' ? { token: stored.token, linkToken } : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined forgets. */
export function rememberResume(resume: Resume | undefined): void {
  remember('session', KEY, resume && JSON.stringify(resume));
}
