import type { Standing } from './standing.ts';

/** What the customer sees; the order is that of the way through. */
export type Step =
  | 'loading'
  | 'tutorial'
  | 'channel'
  | 'appointment'
  | 'pin'
  | 'linkProblem'
  | 'camera'
  | 'preview'
  | 'terms'
  | 'session'
  | 'over'
  | 'declined'
  | 'gone';

export type Progress = {
  standing: Standing['kind'];
  /** Came with a link and has not chosen to type a PIN instead. */
  byLink: boolean;
  /** The link is the page of a channel. */
  byChannel: boolean;
  /** The link's time has not come. */
  early: boolean;
  /** The link was refused. */
  hasProblem: boolean;
  tutorialSeen: boolean;
  cameraOpen: boolean;
  cameraProblem: boolean;
  previewSeen: boolean;
  /** The customer goes on without a camera, and sends photos. */
  withoutCamera: boolean;
};

/** The step follows from what is so; nobody sets it, so it cannot be wrong. Pure. */
export function stepOf(progress: Progress): Step {
  switch (progress.standing) {
    case 'over':
    case 'declined':
    case 'gone':
      return progress.standing;
    case 'inside':
      return progress.cameraProblem && !progress.withoutCamera ? 'camera' : 'session';
    case 'resuming':
      return 'loading';
    case 'outside':
      if (progress.byLink && progress.hasProblem) {
        return 'linkProblem';
      }
      if (!progress.tutorialSeen && !progress.byChannel) {
        return 'tutorial';
      }
      return progress.byLink ? 'loading' : 'pin';
    case 'claimed':
      if (progress.early) {
        return 'appointment';
      }
      if (!progress.tutorialSeen) {
        return progress.byChannel ? 'channel' : 'tutorial';
      }
      if (progress.withoutCamera) {
        return 'terms';
      }
      if (!progress.cameraOpen || progress.cameraProblem) {
        return 'camera';
      }
      return progress.previewSeen ? 'terms' : 'preview';
  }
}
