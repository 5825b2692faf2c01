/** What a camera lets a page do, read from what the browser says of its track. Pure. */
import type { CameraLens, CameraState } from '../relay/protocol.ts';
import { LENSES_MAX } from '../relay/protocol.ts';
import type { Lens } from './lenses.ts';

/** Members of W3C Image Capture that TypeScript's library does not know. */
type Capabilities = {
  /** `true` in Chromium on Android, `[false, true]` by the newer text. */
  torch?: boolean | boolean[];
  zoom?: { min?: number; max?: number; step?: number };
};
type Settings = { torch?: boolean; zoom?: number };

/** What of a track is needed; Firefox before 132 has no `getCapabilities`. */
export type ReadableTrack = {
  getCapabilities?: () => object;
  getSettings: () => object;
};

export type Abilities = Pick<CameraState, 'light' | 'zoom'>;

export const NO_ABILITIES: Abilities = { light: 'none' };
/** Where the browser names no step: fine enough for a slider. */
const STEPS = 50;

export function abilitiesOf(track: ReadableTrack): Abilities {
  const { torch, zoom } = (track.getCapabilities?.() ?? {}) as Capabilities;
  const settings = track.getSettings() as Settings;
  const hasLight = Array.isArray(torch) ? torch.includes(true) : torch === true;
  const range = zoom && rangeOf(zoom, settings.zoom);
  return {
    light: hasLight ? (settings.torch === true ? 'on' : 'off') : 'none',
    ...(range && { zoom: range }),
  };
}

function rangeOf(
  { min, max, step }: NonNullable<Capabilities['zoom']>,
  value: number | undefined,
): Abilities['zoom'] {
  if (!isPositive(min) || !isPositive(max) || max <= min) {
    // One fixed value is no zoom.
    return undefined;
  }
  return {
    value: Math.min(max, Math.max(min, isPositive(value) ? value : min)),
    min,
    max,
    step: isPositive(step) ? step : (max - min) / STEPS,
  };
}

function isPositive(value: number | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

/** Lenses by numbers that mean nothing outside of the page: a device id would tell this phone from others. */
export class LensNumbers {
  readonly #devices: string[] = [];

  /** @returns the same number for the same device as long as the page lives */
  of(deviceId: string): number {
    if (!this.#devices.includes(deviceId)) {
      this.#devices.push(deviceId);
    }
    return this.#devices.indexOf(deviceId) + 1;
  }

  device(id: number): string | undefined {
    return this.#devices[id - 1];
  }

  told(lenses: readonly Lens[]): CameraLens[] {
    return lenses
      .slice(0, LENSES_MAX)
      .map(({ deviceId, kind, number }) => ({ id: this.of(deviceId), kind, number }));
  }
}
