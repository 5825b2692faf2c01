import { asPhotoReason, type PhotoReason } from './photos.ts';
import { recall, remember } from './storage.ts';

/** What a reloaded page needs to continue its session. */
export type Resume = {
  /** Changes with every use. */
  token: string;
  /** What the session came by (`entryKey`); another link means another session. */
  entry: string | undefined;
};

/** What the person had chosen; a reload must neither show nor send more than before. */
export type Choices = {
  muted: boolean;
  paused: boolean;
  /** The camera that was in use. */
  deviceId: string | undefined;
  /** Why photos took the place of the camera, where they did. */
  photos: PhotoReason | undefined;
};

export const NO_CHOICES: Choices = { muted: false, paused: false, deviceId: undefined, photos: undefined };

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
 * @param entry what the page was opened with, if anything
 */
export function recallResume(entry: string | undefined): Resume | undefined {
  const ofTab = parse(recall('session', RESUME_KEY));
  if (ofTab && (!entry || ofTab.entry === entry)) {
    return ofTab;
  }
  const ofLink = parse(recall('local', RESUME_KEY));
  return entry && ofLink?.entry === entry ? ofLink : undefined;
}

export function rememberResume(resume: Resume): void {
  const text = JSON.stringify(resume);
  remember('session', RESUME_KEY, text);
  if (resume.entry) {
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
    photos: asPhotoReason(stored['photos']),
  };
}

export function rememberChoices(choices: Choices): void {
  remember('session', CHOICES_KEY, JSON.stringify(choices));
}

function parse(text: string | undefined): Resume | undefined {
  const { token, entry } = object(text);
  return typeof token === 'string'
    ? { token, entry: typeof entry === 'string' ? entry : undefined }
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
