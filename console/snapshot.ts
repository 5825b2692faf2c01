/** The picture that the technician sees now, with what is drawn on it. */
import type { Mark, PlacedMark } from '../relay/protocol.ts';
import type { ConsoleBoard } from './console-boards.ts';
import type { Snapshot } from './console-photos.ts';

const QUALITY = 0.92;

export type Seen = {
  board: ConsoleBoard | undefined;
  video: HTMLVideoElement;
  /** In the place of the video. */
  still: Blob | undefined;
};

/** Undefined while there is no picture. */
export async function snapshotOf({ board, video, still }: Seen): Promise<Snapshot | undefined> {
  const marks = (board?.link.marks ?? []).map(bare);
  if (board?.frozen && board.still) {
    const jpeg = await encoded(board.still, board.still.width, board.still.height);
    return jpeg && { jpeg, marks };
  }
  if (still) {
    return { jpeg: still, marks };
  }
  const jpeg = await encoded(video, video.videoWidth, video.videoHeight);
  return jpeg && { jpeg, marks };
}

async function encoded(source: CanvasImageSource, width: number, height: number): Promise<Blob | undefined> {
  if (width === 0 || height === 0) {
    return undefined;
  }
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d', { alpha: false })?.drawImage(source, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, 'image/jpeg', QUALITY);
  });
  canvas.width = 0;
  return blob ?? undefined;
}

function bare({ id, tool, colour, points, text }: PlacedMark): Mark {
  return { id, tool, colour, points, ...(text !== undefined && { text }) };
}
