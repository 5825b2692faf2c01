/** Pictures that a camera really gives: an open one may be dark glass, or held by another app. */
export type FrameCount = { readonly frames: number; close(): void };

export function countFrames(track: MediaStreamTrack): FrameCount {
  const video = document.createElement('video');
  let frames = 0;
  let closed = false;
  const next = () => {
    frames += 1;
    if (!closed) {
      video.requestVideoFrameCallback(next);
    }
  };
  if ('requestVideoFrameCallback' in video) {
    video.requestVideoFrameCallback(next);
  } else {
    // Older Firefox: the first picture at least is told.
    (video as HTMLVideoElement).onloadeddata = next;
  }
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  video.play().catch(() => undefined);
  return {
    get frames() {
      return frames;
    },
    close: () => {
      closed = true;
      video.pause();
      video.srcObject = null;
    },
  };
}
