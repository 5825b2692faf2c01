/** Pictures as files of the technician's computer. */
import { drawPicture } from '../relay/client/board-layers.ts';
import type { Drawn } from '../relay/client/mark-drawing.ts';

export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** With its marks drawn into a copy, as large as it is. */
export async function savePicture(
  picture: ImageBitmap,
  marks: readonly Drawn[],
  { name, type }: { name: string; type: 'image/png' | 'image/jpeg' },
): Promise<void> {
  const canvas = drawPicture(picture, marks);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, type, QUALITY);
  });
  if (blob) {
    saveFile(blob, name);
  }
}

/** Of a JPEG; the marks have hard edges. */
const QUALITY = 0.95;
