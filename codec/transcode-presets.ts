/** What FFmpeg is asked for, as argument lists; the only place with its options. Pure. */

export type Preset =
  /** Length and cues; several voices get a mixed track in front of them, because browsers play the first alone. */
  | { name: 'finish'; voices: number; container: 'webm' | 'mkv' }
  /** H.264 is copied; anything else is encoded, at the size of the first picture. */
  | { name: 'mp4'; video: 'copy' | 'encode' | 'none'; width: number; height: number }
  | { name: 'mkv' }
  | { name: 'wav' }
  | { name: 'ogg' }
  /** Up to 16 keyframes in one picture. */
  | { name: 'sheet'; durationMs: number }
  /** Without encoding: begins at the keyframe before. */
  | { name: 'clip'; fromMs: number; toMs: number; container: 'webm' | 'mkv' }
  | { name: 'gif'; fromMs: number; toMs: number };

const QUIET = ['-hide_banner', '-v', 'error'];
/** Only files, whatever a damaged one may ask for. */
const FILES_ONLY = ['-protocol_whitelist', 'file'];
const SHEET_SIDE = 4;
const SHEET_WIDTH = 320;
const SHEET_HEIGHT = 180;
const GIF_WIDTH = 320;
const GIF_FPS = 10;
const FORMATS = { webm: 'webm', mkv: 'matroska' } as const;

/** Gaps are kept: without this FFmpeg puts everything behind one too early. */
const KEEP_GAPS = 'aresample=async=1:first_pts=0';

/** @param output is named otherwise while it is written, so the format is always said */
export function presetArguments(preset: Preset, input: string, output: string): string[] {
  const range = 'fromMs' in preset ? ['-ss', seconds(preset.fromMs)] : [];
  const before = preset.name === 'sheet' ? ['-skip_frame', 'nokey'] : range;
  return [...QUIET, ...FILES_ONLY, ...before, '-i', input, ...outputOptions(preset), output];
}

function outputOptions(preset: Preset): string[] {
  switch (preset.name) {
    case 'finish':
      return [...finishOptions(preset.voices), '-f', FORMATS[preset.container]];
    case 'mp4':
      return mp4Options(preset);
    case 'mkv':
      return ['-map', '0', '-c', 'copy', '-f', 'matroska'];
    case 'wav':
      return ['-map', '0:a:0', '-af', KEEP_GAPS, '-ac', '1', '-c:a', 'pcm_s16le', '-f', 'wav'];
    case 'ogg':
      return ['-map', '0:a:0', '-c:a', 'copy', '-f', 'ogg'];
    case 'sheet':
      return sheetOptions(preset.durationMs);
    case 'clip':
      return [
        ...['-map', '0:v?', '-map', '0:a:0?', '-t', seconds(preset.toMs - preset.fromMs), '-c', 'copy'],
        ...['-avoid_negative_ts', 'make_zero', '-f', FORMATS[preset.container]],
      ];
    case 'gif':
      return [
        ...['-map', '0:v:0', '-t', seconds(preset.toMs - preset.fromMs), '-vf'],
        `fps=${GIF_FPS},scale=${GIF_WIDTH}:-2:flags=lanczos,split[a][b];[a]palettegen[p];[b][p]paletteuse`,
        ...['-f', 'gif'],
      ];
  }
}

function finishOptions(voices: number): string[] {
  if (voices < 2) {
    return ['-map', '0', '-c', 'copy'];
  }
  const inputs = Array.from({ length: voices }, (_, index) => `[0:a:${index}]${KEEP_GAPS}[v${index}]`);
  const mixed = Array.from({ length: voices }, (_, index) => `[v${index}]`).join('');
  // Voices as loud as they were; the limiter takes what two at once have too much.
  const mix = `${mixed}amix=inputs=${voices}:normalize=0,alimiter=limit=0.95:level=0[mix]`;
  return [
    ...['-filter_complex', [...inputs, mix].join(';'), '-map', '0:v?', '-map', '[mix]', '-map', '0:a'],
    ...['-c', 'copy', '-c:a:0', 'libopus', '-b:a:0', '48k', '-metadata:s:a:0', 'title=mixed'],
    ...['-disposition:a', '0', '-disposition:a:0', 'default'],
  ];
}

function mp4Options({ video, width, height }: Preset & { name: 'mp4' }): string[] {
  const size = `${even(width)}:${even(height)}`;
  const picture = {
    copy: ['-map', '0:v:0', '-c:v', 'copy'],
    // A phone that was turned changes the size of the picture: it is fitted in, not squashed.
    encode: [
      ...['-map', '0:v:0', '-vf'],
      `scale=${size}:force_original_aspect_ratio=decrease,pad=${size}:(ow-iw)/2:(oh-ih)/2,setsar=1`,
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '26', '-pix_fmt', 'yuv420p', '-fps_mode', 'vfr'],
    ],
    none: [],
  }[video];
  return [
    ...picture,
    ...[
      '-map',
      '0:a:0?',
      '-af',
      KEEP_GAPS,
      '-c:a',
      'aac',
      '-b:a',
      '96k',
      '-movflags',
      '+faststart',
      '-f',
      'mp4',
    ],
  ];
}

function sheetOptions(durationMs: number): string[] {
  const every = seconds(durationMs / SHEET_SIDE ** 2);
  const size = `${SHEET_WIDTH}:${SHEET_HEIGHT}`;
  const filter = [
    `select='isnan(prev_selected_t)+gte(t-prev_selected_t\\,${every})'`,
    `scale=${size}:force_original_aspect_ratio=decrease`,
    `pad=${size}:(ow-iw)/2:(oh-ih)/2`,
    `tile=${SHEET_SIDE}x${SHEET_SIDE}`,
  ].join(',');
  return [
    '-map',
    '0:v:0',
    '-vf',
    filter,
    '-frames:v',
    '1',
    '-q:v',
    '4',
    '-c:v',
    'mjpeg',
    '-f',
    'image2',
    '-update',
    '1',
  ];
}

function even(pixels: number): number {
  return Math.max(2, pixels - (pixels % 2));
}

function seconds(ms: number): string {
  return (Math.max(0, ms) / 1_000).toFixed(3);
}
