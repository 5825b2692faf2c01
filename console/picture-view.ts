/**
 * Where the customer's picture stands in its window: size, turn, zoom and what is in the middle. Pure, so that whoever
 * draws on the picture finds the same points of it (`pictureAt`, `windowAt`).
 *
 * Lengths are CSS pixels of the window, sizes of the picture its own pixels. Points of the picture are shares of its
 * width and height as the camera sends it, from its own top left corner, whichever way it is turned.
 */

export type Size = { width: number; height: number };
export type Point = { x: number; y: number };
export type Box = Point & Size;

export const VIEW_MODES = ['fit', 'actual', 'stretch', 'zoom'] as const;
/** `actual`: a pixel of the picture is a pixel of the screen; `zoom`: so many of them as the percentage says. */
export type ViewMode = (typeof VIEW_MODES)[number];

export const ROTATIONS = [0, 90, 180, 270] as const;
/** Degrees, clockwise. */
export type Rotation = (typeof ROTATIONS)[number];

export const ZOOM_MIN = 10;
export const ZOOM_MAX = 800;
/** One press of + or -, one notch of the wheel. */
export const ZOOM_STEP = 1.25;
/** One press of an arrow, as a share of the window. */
const PAN_STEP = 0.25;

export type PictureView = {
  mode: ViewMode;
  /** Percent of the actual size; counts with `zoom` only. */
  zoom: number;
  rotation: Rotation;
  /** What of the turned picture is in the middle of the window, as shares of its width and height. */
  middle: Point;
};

export const MIDDLE: Point = { x: 0.5, y: 0.5 };
export const WHOLE_PICTURE: PictureView = { mode: 'fit', zoom: 100, rotation: 0, middle: MIDDLE };

export type Scene = {
  window: Size;
  picture: Size;
  /**
   * The picture as large as it has been: a weak link makes the phone send a smaller one, and what is zoomed must not
   * shrink with it. Only its relation to `picture` counts.
   */
  fullWidth?: number;
  /** Pixels of the screen in one CSS pixel. */
  pixelRatio: number;
};

export type Placement = {
  /** Of the element that holds the picture, before it is turned; the element stands at the window's top left corner. */
  element: Size;
  /** Its transform, around its top left corner. */
  matrix: readonly [a: number, b: number, c: number, d: number, e: number, f: number];
  /** Where the picture is in the window in the end; parts of it may be outside. */
  box: Box;
  rotation: Rotation;
  /** As `PictureView`, within what is possible. */
  middle: Point;
  /** Percent of the actual size across the picture; different in the two directions when it is stretched. */
  zoom: number;
  /** Parts of the picture are outside the window. */
  isCropped: boolean;
};

/** @returns undefined before there is a window and a picture */
export function place(view: PictureView, scene: Scene): Placement | undefined {
  const { window, picture, pixelRatio } = scene;
  if (
    ![window.width, window.height, picture.width, picture.height, pixelRatio].every((length) => length > 0)
  ) {
    return undefined;
  }
  const { rotation } = view;
  const turned = isSideways(rotation) ? swapped(picture) : picture;
  const shown = shownSize(view, scene, turned);
  const middle = {
    x: withinReach(view.middle.x, shown.width, window.width),
    y: withinReach(view.middle.y, shown.height, window.height),
  };
  // On whole pixels of the screen: in between, the browser would blur what is shown in its actual size.
  const whole = (length: number) => Math.round(length * pixelRatio) / pixelRatio;
  const box = {
    x: whole(window.width / 2 - middle.x * shown.width),
    y: whole(window.height / 2 - middle.y * shown.height),
    ...shown,
  };
  return {
    element: isSideways(rotation) ? swapped(shown) : shown,
    matrix: matrixOf(box, rotation),
    box,
    rotation,
    middle,
    zoom: (shown.width / turned.width) * pixelRatio * 100 * shrinkage(scene),
    // Half a pixel is the rounding of the browser's own measures.
    isCropped: shown.width > window.width + 0.5 || shown.height > window.height + 0.5,
  };
}

/** Of the turned picture. */
function shownSize(view: PictureView, scene: Scene, turned: Size): Size {
  const { window, pixelRatio } = scene;
  switch (view.mode) {
    case 'stretch':
      return { width: window.width, height: window.height };
    case 'fit':
      return scaled(turned, Math.min(window.width / turned.width, window.height / turned.height));
    case 'actual':
      return scaled(turned, 1 / pixelRatio);
    case 'zoom':
      return scaled(turned, boundedZoom(view.zoom) / 100 / pixelRatio / shrinkage(scene));
  }
}

/** What is left of the picture's full width, 1 at most. */
function shrinkage({ picture, fullWidth }: Scene): number {
  return fullWidth === undefined ? 1 : Math.min(1, picture.width / fullWidth);
}

/** A picture smaller than the window is in its middle; a larger one leaves nothing of it empty. */
function withinReach(middle: number, shown: number, window: number): number {
  if (shown <= window) {
    return 0.5;
  }
  const edge = window / 2 / shown;
  return Math.min(1 - edge, Math.max(edge, middle));
}

function matrixOf({ x, y, width, height }: Box, rotation: Rotation): Placement['matrix'] {
  switch (rotation) {
    case 0:
      return [1, 0, 0, 1, x, y];
    case 90:
      return [0, 1, -1, 0, x + width, y];
    case 180:
      return [-1, 0, 0, -1, x + width, y + height];
    case 270:
      return [0, -1, 1, 0, x, y + height];
  }
}

// ---------------------------------------------------------------- points

/** The point of the picture that is at a point of the window; outside 0 to 1 where there is no picture. */
export function pictureAt({ box, rotation }: Placement, { x, y }: Point): Point {
  const across = (x - box.x) / box.width;
  const down = (y - box.y) / box.height;
  switch (rotation) {
    case 0:
      return { x: across, y: down };
    case 90:
      return { x: down, y: 1 - across };
    case 180:
      return { x: 1 - across, y: 1 - down };
    case 270:
      return { x: 1 - down, y: across };
  }
}

/** Where in the window a point of the picture is. */
export function windowAt({ element, matrix }: Placement, point: Point): Point {
  const [a, b, c, d, e, f] = matrix;
  const [x, y] = [point.x * element.width, point.y * element.height];
  return { x: a * x + c * y + e, y: b * x + d * y + f };
}

// ---------------------------------------------------------------- changes

/** A quarter turn; what was in the middle stays there. */
export function rotated(view: PictureView, clockwise: boolean): PictureView {
  const { x, y } = view.middle;
  return {
    ...view,
    rotation: asRotation(view.rotation + (clockwise ? 90 : 270)),
    middle: clockwise ? { x: 1 - y, y: x } : { x: y, y: 1 - x },
  };
}

/**
 * Zooms from what is on the screen.
 * @param anchor the point of the window that keeps its place in the picture
 */
export function zoomed(
  view: PictureView,
  scene: Scene,
  factor: number,
  anchor: Point = { x: scene.window.width / 2, y: scene.window.height / 2 },
): PictureView {
  const before = place(view, scene);
  if (before === undefined) {
    return view;
  }
  const next: PictureView = { ...view, mode: 'zoom', zoom: boundedZoom(before.zoom * factor) };
  const after = place(next, scene);
  if (after === undefined) {
    return view;
  }
  const share = {
    x: (anchor.x - before.box.x) / before.box.width,
    y: (anchor.y - before.box.y) / before.box.height,
  };
  return reached(next, scene, {
    x: share.x - (anchor.x - scene.window.width / 2) / after.box.width,
    y: share.y - (anchor.y - scene.window.height / 2) / after.box.height,
  });
}

/** Moves the picture by so many CSS pixels, as far as there is more of it to see. */
export function panned(view: PictureView, scene: Scene, by: Point): PictureView {
  const placement = place(view, scene);
  if (placement === undefined) {
    return view;
  }
  const { box, middle } = placement;
  return reached(view, scene, { x: middle.x - by.x / box.width, y: middle.y - by.y / box.height });
}

/** Shows more of the picture on that side. @param towards -1, 0 or 1 in each direction */
export function steppedTo(view: PictureView, scene: Scene, towards: Point): PictureView {
  return panned(view, scene, {
    x: -towards.x * PAN_STEP * scene.window.width,
    y: -towards.y * PAN_STEP * scene.window.height,
  });
}

/** With the middle where it really is: what goes beyond the edge must not have to be undone on the way back. */
function reached(view: PictureView, scene: Scene, middle: Point): PictureView {
  const next = { ...view, middle };
  return { ...next, middle: place(next, scene)?.middle ?? MIDDLE };
}

/** A whole percentage that is possible; 100 for what is no number. */
export function boundedZoom(percent: number): number {
  return Number.isFinite(percent) ? Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, Math.round(percent))) : 100;
}

export function asRotation(degrees: number): Rotation {
  return ROTATIONS.find((rotation) => rotation === ((degrees % 360) + 360) % 360) ?? 0;
}

function isSideways(rotation: Rotation): boolean {
  return rotation === 90 || rotation === 270;
}

function swapped({ width, height }: Size): Size {
  return { width: height, height: width };
}

function scaled({ width, height }: Size, factor: number): Size {
  return { width: width * factor, height: height * factor };
}
