/** Photos in the place of a camera. Real: the order of things. Faked: the encoder, the way to the relay, time. */
import t from 'tap';
import {
  asPhotoReason,
  type PhotoState,
  Photos,
  type PhotosHost,
  photoReasonOf,
} from '../../capture/photos.ts';
import { STILL_MAX_BYTES } from '../../relay/protocol.ts';

class World implements PhotosHost {
  picture: Uint8Array<ArrayBuffer> | undefined = new Uint8Array([1]);
  /** How often the relay says no from now on. */
  refusals = 0;
  readonly sent: Uint8Array[] = [];
  readonly limits: number[] = [];
  readonly states: PhotoState[] = [];
  readonly photos = new Photos(this);

  async shrink(_file: Blob, maxBytes: number) {
    this.limits.push(maxBytes);
    return this.picture;
  }

  async send(jpeg: Uint8Array) {
    if (this.refusals > 0) {
      this.refusals -= 1;
      throw new Error('tooManyMessages');
    }
    this.sent.push(jpeg);
  }

  async wait() {}

  changed() {
    this.states.push(this.photos.state);
  }
}

const FILE = new Blob(['x']);

t.test('a photo is sent once, and again for a technician whose page is a new one', async (t) => {
  const world = new World();
  await world.photos.again();
  t.equal(world.sent.length, 0, 'nothing to show yet');
  await world.photos.send(FILE);
  t.same(world.states, ['sending', 'sent']);
  t.equal(world.photos.last, world.picture);
  await world.photos.again();
  t.equal(world.sent.length, 2);
});

t.test('one that comes too early for the relay is sent a moment later', async (t) => {
  const world = new World();
  world.refusals = 2;
  await world.photos.send(FILE);
  t.equal(world.photos.state, 'sent');
});

t.test('what cannot be sent is told, and the next try is smaller', async (t) => {
  const world = new World();
  world.refusals = 99;
  await world.photos.send(FILE);
  t.equal(world.photos.state, 'notSent');
  t.equal(world.photos.last, undefined);
  world.refusals = 0;
  await world.photos.send(FILE);
  t.equal(world.photos.state, 'sent');
  t.equal(world.limits[0], STILL_MAX_BYTES);
  t.ok((world.limits[1] ?? Infinity) <= STILL_MAX_BYTES / 4);
});

t.test('a file that is no picture is told, and the photo before it stays', async (t) => {
  const world = new World();
  await world.photos.send(FILE);
  const first = world.picture;
  world.picture = undefined;
  await world.photos.send(FILE);
  t.equal(world.photos.state, 'noImage');
  t.equal(world.photos.last, first);
});

t.test('while one is on its way there is no second', async (t) => {
  const world = new World();
  await Promise.all([world.photos.send(FILE), world.photos.send(FILE)]);
  t.equal(world.sent.length, 1);
});

t.test('every problem of a camera has a reason that the technician reads', async (t) => {
  t.equal(photoReasonOf('denied'), 'cameraDenied');
  t.equal(photoReasonOf('noCamera'), 'cameraMissing');
  t.equal(photoReasonOf('inUse'), 'cameraInUse');
  t.equal(photoReasonOf('insecure'), 'cameraFailed');
  t.equal(photoReasonOf(undefined), 'cameraFailed');
  t.equal(asPhotoReason('cameraDenied'), 'cameraDenied');
  t.equal(asPhotoReason('bandwidth'), undefined);
});
