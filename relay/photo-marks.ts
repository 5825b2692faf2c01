/** Marks on a photo: what becomes of them by what the technician does. Pure. */
import {
  type ErrorCode,
  PHOTO_MARK_POINTS_MAX,
  PHOTO_MARKS_MAX,
  type PhotoMarkOperation,
  type PlacedMark,
} from './protocol.ts';

/** The marks afterwards. What was done already, such as by a request whose answer got lost, changes nothing. */
export function markedPhoto(
  before: readonly PlacedMark[],
  operations: readonly PhotoMarkOperation[],
): readonly PlacedMark[] | ErrorCode {
  let marks = before;
  for (const operation of operations) {
    if (operation.type === 'remove') {
      marks = marks.filter(({ id }) => id !== operation.markId);
    } else if (!marks.some(({ id }) => id === operation.mark.id)) {
      marks = [...marks, placed(operation.mark, marks)];
    }
  }
  const points = marks.reduce((sum, mark) => sum + mark.points.length / 2, 0);
  return marks.length > PHOTO_MARKS_MAX || points > PHOTO_MARK_POINTS_MAX ? 'boardFull' : marks;
}

function placed(
  mark: Omit<PlacedMark, 'by' | 'surface' | 'place'>,
  below: readonly PlacedMark[],
): PlacedMark {
  const highest = (of: (mark: PlacedMark) => number) =>
    below.reduce((most, other) => Math.max(most, of(other)), 0);
  const place = 1 + highest((other) => other.place);
  const number = 1 + highest((other) => other.number ?? 0);
  return {
    ...mark,
    ...{ by: 'technician', surface: 0, place },
    ...(mark.tool === 'numberedArrow' && { number }),
  };
}
