/** A camera that gives the encoder as much to do as a hand-held phone: fine texture that pans, and sensor noise. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { seededRandom } from '../test/support/impairment.ts';

const WIDTH = 1280;
const HEIGHT = 720;
const FRAMES = 40;
export const CAMERA_FPS = 20;
/** What is left of a phone's sensor noise indoors, of 255 steps. */
const NOISE_STEPS = 3;
/** Coarse to fine, edge length in pixels and contrast. */
const OCTAVES = [
  [96, 70],
  [32, 45],
  [10, 24],
  [3, 10],
] as const;

/** Writes 2 s of YUV4MPEG2 (55 MB) for `--use-file-for-fake-video-capture`; the same for the same seed. */
export function writeBusyCamera(path: string, seed: number): void {
  const random = seededRandom(seed);
  const texture = drawTexture(random);
  const noise = Uint8Array.from({ length: WIDTH * HEIGHT + 65_536 }, () => random() * (2 * NOISE_STEPS + 1));
  const luma = Buffer.alloc(WIDTH * HEIGHT);
  const chroma = Buffer.alloc((WIDTH * HEIGHT) / 2, 128);
  const file = openSync(path, 'w');
  writeSync(file, `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${CAMERA_FPS}:1 Ip A1:1 C420jpeg\n`);
  for (let frame = 0; frame < FRAMES; frame++) {
    // A closed curve, so that the loop has no seam.
    const angle = (2 * Math.PI * frame) / FRAMES;
    const dx = Math.round(64 + 60 * Math.cos(angle));
    const dy = Math.round(40 + 36 * Math.sin(2 * angle));
    const grain = Math.floor(random() * 65_536);
    for (let y = 0; y < HEIGHT; y++) {
      const from = (y + dy) * TEXTURE_WIDTH + dx;
      for (let x = 0; x < WIDTH; x++) {
        const at = y * WIDTH + x;
        luma[at] = (texture[from + x] ?? 0) + (noise[at + grain] ?? 0);
      }
    }
    writeSync(file, 'FRAME\n');
    writeSync(file, luma);
    writeSync(file, chroma);
  }
  closeSync(file);
}

const TEXTURE_WIDTH = WIDTH + 128;
const TEXTURE_HEIGHT = HEIGHT + 80;

function drawTexture(random: () => number): Uint8Array {
  const texture = new Float32Array(TEXTURE_WIDTH * TEXTURE_HEIGHT).fill(120);
  for (const [edge, contrast] of OCTAVES) {
    const columns = Math.ceil(TEXTURE_WIDTH / edge);
    const cells = Float32Array.from(
      { length: columns * Math.ceil(TEXTURE_HEIGHT / edge) },
      () => (random() - 0.5) * contrast,
    );
    for (let y = 0; y < TEXTURE_HEIGHT; y++) {
      const row = Math.floor(y / edge) * columns;
      for (let x = 0; x < TEXTURE_WIDTH; x++) {
        texture[y * TEXTURE_WIDTH + x] =
          (texture[y * TEXTURE_WIDTH + x] ?? 0) + (cells[row + Math.floor(x / edge)] ?? 0);
      }
    }
  }
  return Uint8Array.from(texture, (value) => Math.max(16, Math.min(225, value)));
}
