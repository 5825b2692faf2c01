/** Light and zoom of the camera in use: set, read back, and what the track does not tell remembered. */
import { type Abilities, abilitiesOf, NO_ABILITIES, type ReadableTrack } from './camera-abilities.ts';

export type ControlledTrack = ReadableTrack & {
  applyConstraints: (constraints: MediaTrackConstraints) => Promise<void>;
};

/** Members of W3C Image Capture that TypeScript's library does not know. */
type Wanted = { torch?: boolean; zoom?: number };

export class CameraControls {
  #track: ControlledTrack | undefined;
  #wanted: Wanted = {};
  /** One after the other: browsers answer overlapping ones in any order. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Another track is another camera, or the same one opened anew: dark, and not zoomed.
   * @returns whether it is another one
   */
  use(track: ControlledTrack | undefined): boolean {
    const isOther = track !== this.#track;
    if (isOther) {
      this.#track = track;
      this.#wanted = {};
    }
    return isOther;
  }

  get abilities(): Abilities {
    if (!this.#track) {
      return NO_ABILITIES;
    }
    const { light, zoom } = abilitiesOf(this.#track);
    return {
      // Safari and some Android phones tell a setting only after the next frame.
      light: light === 'none' ? light : (this.#wanted.torch ?? light === 'on') ? 'on' : 'off',
      ...(zoom && { zoom: { ...zoom, value: this.#wanted.zoom ?? zoom.value } }),
    };
  }

  /** @returns whether the camera took it */
  light(on: boolean): Promise<boolean> {
    return this.#apply({ torch: on });
  }

  /** @returns whether the camera took it */
  zoom(value: number): Promise<boolean> {
    const { zoom } = this.abilities;
    return zoom
      ? this.#apply({ zoom: Math.min(zoom.max, Math.max(zoom.min, value)) })
      : Promise.resolve(false);
  }

  #apply(change: Wanted): Promise<boolean> {
    const done = this.#last.then(async () => {
      const track = this.#track;
      if (!track) {
        return false;
      }
      // All that was wanted at once: constraints that are not named are given up.
      const wanted = { ...this.#wanted, ...change };
      try {
        await track.applyConstraints({ advanced: [wanted] as MediaTrackConstraintSet[] });
      } catch {
        return false;
      }
      if (track !== this.#track) {
        return false;
      }
      this.#wanted = wanted;
      return true;
    });
    this.#last = done;
    return done;
  }
}
