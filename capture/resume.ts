import { recall, remember } from './storage.ts';

/** What a reloaded page needs to continue its session. */
export type Resume = {
  /** Changes with every use. */
  token: string;
  /** The invitation link the session came from; another link means another session. */
  linkToken: string | undefined;
};

/** What the person had chosen; a reload must neither show nor send more than before. */
export type Choices = {
  muted: boolean;
  paused: boolean;
  /** The camera that was in use. */
  deviceId: string | undefined;
};

export const NO_CHOICES: Choices = { muted: false, paused: false, deviceId: undefined };

const RESUME_KEY = 'fernblick.resume';
const CHOICES_KEY = 'fernblick.choices';

/** The first token of a session, made here so that it is known even when the relay's answer gets lost. */
export function newResumeToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/**
 * The session to continue: the one of this tab, or the one that came by the same link in a tab that is gone, as when
 * the phone has closed its browser and the person taps the link again.
 * @param linkToken of the link that the page was opened with, if any
 */
export function recallResume(linkToken: string | undefined): Resume | undefined {
  const ofTab = parse(recall('session', RESUME_KEY));
  if (ofTab && (!linkToken || ofTab.linkToken === linkToken)) {
    return ofTab;
  }
  const ofLink = parse(recall('local', RESUME_KEY));
  return linkToken && ofLink?.linkToken === linkToken ? ofLink : undefined;
}

export function rememberResume(resume: Resume): void {
  const text = JSON.stringify(resume);
  remember('session', RESUME_KEY, text);
  if (resume.linkToken) {
    remember('local', RESUME_KEY, text);
  }
}

/** @param token another tab may have gone on with the session since: its newer token stays */
export function forgetResume(token: string | undefined): void {
  remember('session', RESUME_KEY, undefined);
  remember('session', CHOICES_KEY, undefined);
  if (token && parse(recall('local', RESUME_KEY))?.token === token) {
    remember('local', RESUME_KEY, undefined);
  }
}

export function recallChoices(): Choices {
  const stored = object(recall('session', CHOICES_KEY));
  return {
    muted: stored['muted'] === true,
    paused: stored['paused'] === true,
    deviceId: typeof stored['deviceId'] === 'string' ? stored['deviceId'] : undefined,
  };
}

export function rememberChoices(choices: Choices): void {
  remember('session', CHOICES_KEY, JSON.stringify(choices));
}

function parse(text: string | undefined): Resume | undefined {
  const { token, linkToken } = object(text);
  return typeof token === 'string'
    ? { token, linkToken: typeof linkToken === 'string' ? linkToken : undefined }
    : undefined;
}

function object(text: string | undefined): Record<string, unknown> {
  try {
    const stored: unknown = JSON.parse(text ?? 'null');
    return typeof stored === 'object' && stored !== null ? { ...stored } : {};
  } catch {
    return {};
  }
}
