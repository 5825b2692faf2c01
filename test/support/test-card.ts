/** A test card as the customer's camera, and what of it is to be seen in a screenshot. */
import { writeFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';

export const CARD = { width: 1280, height: 720 };
/** Side of the white square in the middle, as a share of the card's width. */
export const SQUARE_SHARE = 1 / 8;

export type Colour = 'red' | 'green' | 'blue' | 'yellow' | 'white' | 'dark';

const RGB: Record<Colour, readonly [number, number, number]> = {
  red: [220, 30, 30],
  green: [20, 160, 40],
  blue: [40, 60, 220],
  yellow: [230, 220, 40],
  white: [255, 255, 255],
  dark: [11, 18, 23],
};

/** Red, green, blue and yellow from the top left corner row by row, so that every turn and mirroring shows. */
function cardColour(x: number, y: number): Colour {
  const { width, height } = CARD;
  const half = (width * SQUARE_SHARE) / 2;
  if (Math.abs(x - width / 2) <= half && Math.abs(y - height / 2) <= half) {
    return 'white';
  }
  return y < height / 2 ? (x < width / 2 ? 'red' : 'green') : x < width / 2 ? 'blue' : 'yellow';
}

/** Writes it as YUV4MPEG2, which Chromium takes for a camera that never moves. */
export function writeTestCard(path: string): void {
  const { width, height } = CARD;
  const luma = Buffer.alloc(width * height);
  const chroma = [Buffer.alloc((width * height) / 4), Buffer.alloc((width * height) / 4)] as const;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = RGB[cardColour(x, y)];
      luma[y * width + x] = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
      const at = Math.floor(y / 2) * (width / 2) + Math.floor(x / 2);
      chroma[0][at] = 128 - 0.148 * r - 0.291 * g + 0.439 * b;
      chroma[1][at] = 128 + 0.439 * r - 0.368 * g - 0.071 * b;
    }
  }
  const frame = Buffer.concat([Buffer.from('FRAME\n'), luma, ...chroma]);
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F20:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(path, Buffer.concat([head, frame, frame]));
}

/** The window has round corners, behind which is the page. */
const EDGE = 12;
/** Broader than strokes of letters. */
const BROAD = 6;

/** A screenshot as colours of the card. */
export class Shot {
  readonly width: number;
  readonly height: number;
  readonly #pixels: Buffer;

  private constructor(width: number, height: number, pixels: Buffer) {
    this.width = width;
    this.height = height;
    this.#pixels = pixels;
  }

  /** @param decoder any page without a policy against it; its canvas reads the file */
  static async take(of: Locator, decoder: Page): Promise<Shot> {
    const png = (await of.screenshot()).toString('base64');
    const { width, height, data } = await decoder.evaluate(async (base64) => {
      const image = new Image();
      image.src = `data:image/png;base64,${base64}`;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const drawing = canvas.getContext('2d');
      drawing?.drawImage(image, 0, 0);
      const pixels = drawing?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray();
      let text = '';
      for (let at = 0; at < pixels.length; at += 8192) {
        text += String.fromCharCode(...pixels.subarray(at, at + 8192));
      }
      return { width: canvas.width, height: canvas.height, data: btoa(text) };
    }, png);
    return new Shot(width, height, Buffer.from(data, 'base64'));
  }

  /** The four quarters of what is in the middle, row by row. @param reach how far from the middle to look, in pixels */
  quarters(reach: number): Colour[] {
    const [x, y] = [Math.floor(this.width / 2), Math.floor(this.height / 2)];
    return [-1, 1].flatMap((down) =>
      [-1, 1].map((across) => this.#colour(x + across * reach, y + down * reach)),
    );
  }

  corners(): Colour[] {
    const [right, bottom] = [this.width - EDGE, this.height - EDGE];
    return [
      this.#colour(EDGE, EDGE),
      this.#colour(right, EDGE),
      this.#colour(EDGE, bottom),
      this.#colour(right, bottom),
    ];
  }

  /** Where the white square is, in pixels; all zero when it is not to be seen. */
  square(): { x: number; y: number; width: number; height: number } {
    const box = { left: this.width, top: this.height, right: -1, bottom: -1 };
    for (let y = EDGE; y < this.height - EDGE; y++) {
      for (let x = EDGE; x < this.width - EDGE; x++) {
        if (this.#isWhite(x, y) && this.#isBroad(x, y)) {
          box.left = Math.min(box.left, x - BROAD);
          box.right = Math.max(box.right, x + BROAD);
          box.top = Math.min(box.top, y - BROAD);
          box.bottom = Math.max(box.bottom, y + BROAD);
        }
      }
    }
    return box.right < 0
      ? { x: 0, y: 0, width: 0, height: 0 }
      : { x: box.left, y: box.top, width: box.right - box.left + 1, height: box.bottom - box.top + 1 };
  }

  /** Of all pixels, so it is not asked by `#colour`. */
  #isWhite(x: number, y: number): boolean {
    const at = (y * this.width + x) * 4;
    return Math.min(this.#pixels[at] ?? 0, this.#pixels[at + 1] ?? 0, this.#pixels[at + 2] ?? 0) > 150;
  }

  /** Words on the picture are white too, and thin. */
  #isBroad(x: number, y: number): boolean {
    return (
      this.#isWhite(x - BROAD, y) &&
      this.#isWhite(x + BROAD, y) &&
      this.#isWhite(x, y - BROAD) &&
      this.#isWhite(x, y + BROAD)
    );
  }

  #colour(x: number, y: number): Colour {
    const at = (y * this.width + x) * 4;
    const distance = (colour: Colour) =>
      RGB[colour].reduce(
        (sum, value, channel) => sum + Math.abs(value - (this.#pixels[at + channel] ?? 0)),
        0,
      );
    const names = Object.keys(RGB) as Colour[];
    return names.reduce((best, name) => (distance(name) < distance(best) ? name : best));
  }
}
