/** The whiteboard's part of the wire protocol: marks, what is done to them, stills to draw on. Types and constants only; part of `protocol.ts`. */
import type { Empty, ErrorCode, Role, SessionId } from './protocol.ts';

/**
 * Coordinates are whole numbers from 0 to this, across the width and down the height of the picture as it stands
 * upright: whatever the size, shape, turn or zoom in which a page shows it, a mark is on the same spot of the picture.
 */
export const BOARD_UNITS = 10_000;

export const MARK_TOOLS = [
  'pen',
  'highlighter',
  'arrow',
  'numberedArrow',
  'circle',
  'rectangle',
  'text',
] as const;
export type MarkTool = (typeof MARK_TOOLS)[number];

/** Okabe and Ito's palette: told apart whatever a person's colour vision is. */
export const MARK_COLOURS = [
  'vermilion',
  'orange',
  'yellow',
  'green',
  'skyBlue',
  'blue',
  'purple',
  'black',
] as const;
export type MarkColour = (typeof MARK_COLOURS)[number];

/** `0` is the live picture; any other number is that of a frozen one, which grows with each. */
export type Surface = number;
export const LIVE_SURFACE: Surface = 0;

/** One finished mark. The page that draws it makes the id, so that saying it again after a lost answer does no harm. */
export type Mark = {
  id: string;
  tool: MarkTool;
  colour: MarkColour;
  /** x, y, x, y …: the way of a stroke; tail and tip of an arrow; two opposite corners; where a text begins. */
  points: number[];
  /** Of the tool `text` only. */
  text?: string;
};

/** As the relay has taken it. */
export type PlacedMark = Mark & {
  by: Role;
  surface: Surface;
  /** Later ones lie above earlier ones. */
  place: number;
  /** Of a numbered arrow. */
  number?: number;
};

/** What a person does. Everybody takes back and restores their own marks only; the technician erases all. */
export type BoardOperation =
  | { type: 'add'; surface: Surface; mark: Mark }
  | { type: 'remove'; markId: string }
  | { type: 'restore'; markId: string }
  | { type: 'clear'; surface: Surface };

/**
 * What has become of the board. `seq` grows with each change of a session; the one with the greatest counts, so changes
 * may be applied in any order and more than once.
 */
export type BoardChange =
  | { type: 'shown'; seq: number; mark: PlacedMark }
  | { type: 'hidden'; seq: number; markId: string }
  | { type: 'cleared'; seq: number; surface: Surface }
  /** Which picture is in front of both. */
  | { type: 'surface'; seq: number; surface: Surface };

/** A mark while it is being drawn, or the laser pointer: shown at once, kept nowhere. */
export type Sketch = {
  /** That of the mark it will be. */
  markId: string;
  surface: Surface;
  tool: Exclude<MarkTool, 'text'> | 'laser';
  colour: MarkColour;
  /** Where `points` begin in the stroke, counted in points. */
  from: number;
  points: number[];
};

export type BoardRequests = {
  /** The board part by part, from the mark after that place on; later changes come as `board` events. */
  openBoard: {
    params: { sessionId: SessionId; after: number };
    /** `next` is there while there is more: `after` of the next request. */
    result: { changes: BoardChange[]; mayDraw: boolean; next?: number };
  };
  draw: { params: { sessionId: SessionId; operation: BoardOperation }; result: Empty };
  sketch: { params: { sessionId: SessionId; sketch: Sketch }; result: Empty };
  /** Technician: both shall see the same still. `ok` says that the phone was asked. */
  freeze: { params: { sessionId: SessionId }; result: Empty };
  /** Technician: back to the live picture. */
  unfreeze: { params: { sessionId: SessionId }; result: Empty };
  /** Customer: the phone has no still for this `freeze`. */
  freezeFailed: { params: { sessionId: SessionId; surface: Surface }; result: Empty };
  /** A part of the still in front, which comes as a binary frame before the answer. */
  openStill: {
    params: { sessionId: SessionId; surface: Surface; offset: number };
    result: { totalBytes: number };
  };
};

export type BoardEvent =
  /** To both: something of the board has changed. */
  | { type: 'board'; sessionId: SessionId; change: BoardChange }
  /** To the other one than who draws. */
  | { type: 'sketch'; sessionId: SessionId; sketch: Sketch }
  /** Customer: the technician wants a still of the camera under this number. */
  | { type: 'freezeWanted'; sessionId: SessionId; surface: Surface }
  /** Technician: there will be no still. */
  | { type: 'freezeFailed'; sessionId: SessionId; code: ErrorCode };

export const MARK_POINTS_MAX = 600;
export const SKETCH_POINTS_MAX = 100;
export const MARK_TEXT_MAX_LENGTH = 120;
/** Of one session, with those that were taken back and can be restored. */
export const BOARD_MARKS_MAX = 5_000;
export const BOARD_POINTS_MAX = 100_000;
/** Of one person, sustained and at once. */
export const DRAW_RATE_PER_S = 10;
export const DRAW_BURST = 40;
/** About so much of a board comes in one answer. */
export const BOARD_PART_BYTES = 64 * 1024;

/**
 * A still to draw on, in parts; big-endian. Customer → relay: `[u8 2][u32 id][u32 surface][u32 offset][u32 total][JPEG]`, each
 * answered like a request with that id. Relay → page, asked for with `openStill`: the same with id 0 and the session (f64) after it.
 */
export const FREEZE_FRAME = 2;
/** Of the customer's frame. */
export const FREEZE_HEADER_BYTES = 17;
/** Of the frame from the relay. */
export const FREEZE_SHOWN_HEADER_BYTES = 25;
export const FREEZE_PART_MAX_BYTES = 96 * 1024;
export const FREEZE_MAX_BYTES = 2 * 1024 * 1024;
