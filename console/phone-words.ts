/** The customer's phone in words: its cameras, why something cannot be asked of it, what came of a wish. */
import { msg, str } from '@lit/localize';
import type { CameraLens, CameraState, SessionView } from '../relay/protocol.ts';
import { failureSentence } from './failure-words.ts';
import type { WishStanding } from './phone-wishes.ts';

export type PhoneControl = 'light' | 'lens' | 'zoom' | 'prefer' | 'pause';

/** Why it cannot be asked for at the moment; empty when it can. */
export function whyNot(control: PhoneControl, customer: SessionView['customer']): string {
  const camera = customer?.camera;
  if (!customer?.connected) {
    return msg('The customer’s phone is away at the moment.');
  }
  if (!camera) {
    return msg('The phone has not said yet what it can do.');
  }
  if (control === 'prefer') {
    return '';
  }
  if (customer.devices.camera === 'none') {
    return msg('The customer has no camera in use.');
  }
  if (control === 'pause') {
    return '';
  }
  if (camera.paused !== 'nobody' || customer.devices.camera === 'paused') {
    return msg('The camera is paused.');
  }
  switch (control) {
    case 'light':
      return camera.light === 'none' ? noLight(camera) : '';
    case 'lens':
      return camera.lenses.length < 2 ? msg('The phone offers no other camera.') : '';
    case 'zoom':
      return camera.zoom === undefined ? msg('This camera or its browser has no zoom.') : '';
  }
}

/** Nearly always because the front camera is in use. */
function noLight({ lenses, lens }: CameraState): string {
  return lenses.find(({ id }) => id === lens)?.kind === 'front'
    ? msg('The front camera has no light. Choose a rear camera.')
    : msg('This camera has no light, or the browser does not let pages use it (such as an older iPhone).');
}

/** Rear cameras that are only numbered may be of any kind. */
export function lensWord({ kind, number }: CameraLens): string {
  switch (kind) {
    case 'wide':
      return number > 0 ? msg(str`Rear camera ${number}`) : msg('Rear camera');
    case 'ultraWide':
      return numbered(msg('Ultra wide'), number);
    case 'tele':
      return numbered(msg('Tele'), number);
    case 'front':
      return numbered(msg('Front camera'), number);
    case 'other':
      return numbered(msg('Camera'), number);
  }
}

function numbered(name: string, number: number): string {
  return number > 0 ? `${name} ${number}` : name;
}

/** What came of the newest wish; empty when all is as it should be. */
export function standingWord(standing: WishStanding | undefined): string {
  if (standing?.refused) {
    return failureSentence(standing.refused);
  }
  switch (standing?.outcome) {
    case 'asking':
      return msg('The phone is asked …');
    case 'asked':
      return msg('The customer is asked whether the picture may be shown again.');
    case 'declined':
      return msg('The customer keeps the camera paused.');
    case 'cannot':
      return msg('The customer’s phone cannot do this.');
    case 'noCamera':
      return msg('The camera is paused or away at the moment.');
    case 'failed':
      return msg('The phone has tried, and its camera refused.');
    case 'noAnswer':
      return msg('The phone has not answered.');
    default:
      return '';
  }
}

/** That the technician sees less than the camera does, and by whose wish. */
export function coveredNote(camera: CameraState | undefined): string {
  switch (camera?.covered) {
    case 'parts':
      return msg('Parts of the picture are covered by the customer');
    case 'everything':
      return msg('The whole picture is covered by the customer');
    default:
      return '';
  }
}
