/**
 * The camera's picture with black where it is covered, as a track that takes the camera's place before anything is encoded.
 * Each frame is drawn and covered in one go, so there is none without. It runs only while something is covered or about to be.
 */
import { type Covers, NO_COVERS } from './cover-set.ts';
import { paintCovers } from './covers.ts';

export class CoveredPicture {
  readonly #ready: () => void;
  readonly #video = document.createElement('video');
  readonly #canvas = document.createElement('canvas');
  readonly #context = this.#canvas.getContext('2d', { alpha: false });
  #camera: MediaStreamTrack | undefined;
  #track: MediaStreamTrack | undefined;
  #covers: Covers = NO_COVERS;
  #callback = 0;

  /** @param ready there is a track now */
  constructor(ready: () => void) {
    this.#ready = ready;
    this.#video.muted = true;
    this.#video.playsInline = true;
  }

  /** Null until a first frame is drawn: better no picture than one that is not covered. */
  get track(): MediaStreamTrack | null {
    return this.#track ?? null;
  }

  cover(covers: Covers): void {
    this.#covers = covers;
    // At once, and not with the camera's next frame.
    if (this.#track) {
      this.#draw();
    }
  }

  /** Another camera changes what is drawn, not the track. */
  run(camera: MediaStreamTrack): void {
    if (this.#camera === camera) {
      return;
    }
    this.#camera = camera;
    this.#video.cancelVideoFrameCallback(this.#callback);
    this.#video.srcObject = new MediaStream([camera]);
    // Refused or interrupted: there is no frame then, and nothing is sent.
    this.#video.play().catch(() => undefined);
    this.#await();
  }

  rest(): void {
    this.#camera = undefined;
    this.#video.cancelVideoFrameCallback(this.#callback);
    this.#video.srcObject = null;
    this.#track?.stop();
    this.#track = undefined;
  }

  #await(): void {
    this.#callback = this.#video.requestVideoFrameCallback(() => {
      this.#draw();
      this.#await();
    });
  }

  #draw(): void {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const context = this.#context;
    if (!context || width === 0 || height === 0) {
      return;
    }
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    context.drawImage(this.#video, 0, 0, width, height);
    paintCovers(context, this.#covers, width, height);
    if (!this.#track) {
      this.#track = this.#canvas.captureStream().getVideoTracks()[0];
      this.#ready();
    }
  }
}
