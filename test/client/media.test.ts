/**
 * How a page moves from one media connection to the next. Real: MediaPeer with its watch. Faked: RTCPeerConnection, of
 * which the test decides when it is connected and when its tracks bring something, timers, and statistics.
 */
import { mock } from 'node:test';
import t from 'tap';
import { MediaPeer } from '../../relay/client/media.ts';

class FakeTrack {
  readonly kind: 'audio' | 'video';
  muted = true;
  onunmute: (() => void) | null = null;
  constructor(kind: 'audio' | 'video') {
    this.kind = kind;
  }
  /** As with the first packet. */
  bring(): void {
    this.muted = false;
    this.onunmute?.();
  }
}

const made: FakeConnection[] = [];

class FakeConnection {
  connectionState: RTCPeerConnectionState = 'new';
  signalingState = 'stable';
  localDescription = { sdp: 'answer' };
  ontrack: ((event: { track: FakeTrack; transceiver: { mid: string } }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  readonly tracks = { audio: new FakeTrack('audio'), video: new FakeTrack('video') };
  /** What each sender was last given, by kind. */
  readonly sends: Record<string, unknown> = {};
  received = 0;

  constructor() {
    made.push(this);
  }

  async setRemoteDescription(): Promise<void> {
    this.signalingState = 'have-remote-offer';
    for (const [index, track] of Object.values(this.tracks).entries()) {
      this.ontrack?.({ track, transceiver: { mid: String(index) } });
    }
  }

  getTransceivers() {
    return Object.values(this.tracks).map((track) => ({
      direction: 'recvonly',
      receiver: { track },
      sender: {
        replaceTrack: async (sent: unknown) => {
          this.sends[track.kind] = sent;
        },
        getParameters: () => ({ encodings: [{}] }),
        setParameters: async () => undefined,
      },
    }));
  }

  async createAnswer() {
    return { type: 'answer', sdp: 'answer' };
  }

  async setLocalDescription(): Promise<void> {
    this.signalingState = 'stable';
  }

  async getStats() {
    return new Map([['t', { type: 'transport', packetsReceived: this.received }]]);
  }

  close(): void {
    this.connectionState = 'closed';
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

Object.assign(globalThis, { RTCPeerConnection: FakeConnection });

/** Time for what the peer awaits; nothing real is waited for. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
}

type Scene = {
  peer: MediaPeer;
  told: string[];
  /** Offers a connection; it is not up yet. */
  offer: (peerId: string) => Promise<FakeConnection>;
  look: () => Promise<void>;
  clock: { now: number };
};

function scene(): Scene {
  const told: string[] = [];
  const clock = { now: 0 };
  let looks: () => void = () => undefined;
  const name = (track: unknown) => {
    const index = made.findIndex(({ tracks }) => Object.values(tracks).includes(track as FakeTrack));
    return `${(track as FakeTrack).kind} of ${index}`;
  };
  const peer = new MediaPeer(
    {
      answer: (peerId) => told.push(`answer ${peerId}`),
      failed: (peerId) => told.push(`failed ${peerId}`),
      stalled: (peerId) => told.push(`stalled ${peerId}`),
      track: (track) => told.push(name(track)),
      state: (state) => told.push(state),
    },
    {
      now: () => clock.now,
      repeat: (callback) => {
        looks = callback;
        return () => {
          looks = () => undefined;
        };
      },
      onWake: () => () => undefined,
    },
  );
  return {
    peer,
    told,
    clock,
    async offer(peerId) {
      await peer.offer(peerId, 'offer');
      await settle();
      const connection = made.at(-1);
      if (!connection) {
        throw new Error('no connection was made');
      }
      return connection;
    },
    async look() {
      clock.now += 250;
      looks();
      await settle();
    },
  };
}

/** The first connection is up and brings both kinds. */
async function running() {
  const all = scene();
  const first = await all.offer('p1');
  first.become('connected');
  first.tracks.audio.bring();
  first.tracks.video.bring();
  return { ...all, first };
}

t.beforeEach(() => {
  made.length = 0;
  mock.timers.enable({ apis: ['setTimeout'] });
});
t.afterEach(() => mock.timers.reset());

t.test('the first connection is shown as soon as it is up, before anything comes', async (t) => {
  const { told, offer } = scene();
  const first = await offer('p1');
  t.same(told, ['answer p1'], 'and not earlier');
  first.become('connected');
  t.same(told, ['answer p1', 'audio of 0', 'video of 0', 'connected']);
});

t.test(
  'the older connection is shown, and sent on, until the newer one brings something of each kind',
  async (t) => {
    const { peer, told, offer, first } = await running();
    const [voice, picture] = [{ kind: 'audio' }, { kind: 'video' }] as unknown as MediaStreamTrack[];
    await peer.send({ audio: voice ?? null, video: picture ?? null });
    told.splice(0);
    const second = await offer('p2');
    second.become('connected');
    t.same(told, ['answer p2'], 'being up is not enough');
    t.same(peer.peerIds, ['p1', 'p2']);
    for (const connection of [first, second]) {
      t.same(connection.sends, { audio: voice, video: picture });
    }
    second.tracks.audio.bring();
    t.same(told, ['answer p2', 'audio of 1']);
    t.equal(first.connectionState, 'connected', 'its picture is still the better one');
    second.tracks.video.bring();
    t.same(told, ['answer p2', 'audio of 1', 'video of 1']);
    t.same(peer.peerIds, ['p2']);
    t.equal(first.connectionState, 'closed');
  },
);

t.test('a newer connection that brings nothing takes over three seconds after it is up', async (t) => {
  const { peer, told, offer } = await running();
  const second = await offer('p2');
  second.become('connected');
  told.splice(0);
  mock.timers.tick(2_999);
  t.same(peer.peerIds, ['p1', 'p2']);
  mock.timers.tick(1);
  t.same(peer.peerIds, ['p2']);
  t.same(told, ['audio of 1', 'video of 1']);
});

t.test('when the relay closes the older one, the newer one is shown at once', async (t) => {
  const { peer, told, offer } = await running();
  const second = await offer('p2');
  second.become('connected');
  told.splice(0);
  peer.peerClosed('p1');
  t.same(told, ['audio of 1', 'video of 1']);
});

t.test('a newer connection that is not up in four seconds is given up; the older one goes on', async (t) => {
  const { peer, told, offer, first } = await running();
  await offer('p2');
  told.splice(0);
  mock.timers.tick(4_000);
  t.same(told, ['failed p2']);
  t.same(peer.peerIds, ['p1']);
  t.equal(first.connectionState, 'connected');
});

t.test('the state is connected while any connection is', async (t) => {
  const { peer, told, offer, first } = await running();
  told.splice(0);
  await offer('p2');
  first.become('failed');
  t.same(told, ['answer p2', 'new', 'failed p1']);
  made.at(-1)?.become('connected');
  t.equal(told.at(-1), 'connected');
  peer.close();
  t.equal(told.at(-1), 'connected', 'what the page closes itself it knows');
});

t.test('silence is told of the connection in use, while something is due', async (t) => {
  const { peer, told, offer, look, first } = await running();
  told.splice(0);
  for (let i = 0; i < 40; i++) {
    await look();
  }
  t.same(told, [], 'nothing is due');
  peer.expectRemote(true);
  for (let i = 0; i < 40; i++) {
    first.received += 3;
    await look();
  }
  t.same(told, [], 'and then something comes');
  for (let i = 0; i < 8; i++) {
    await look();
  }
  t.same(told, ['stalled p1']);
  await offer('p2');
  told.splice(0);
  for (let i = 0; i < 40; i++) {
    await look();
  }
  t.same(told, [], 'a newer one is on its way');
});

t.test('after the end nothing is answered, and everything is closed', async (t) => {
  const { peer, told, first } = await running();
  peer.close();
  peer.close();
  told.splice(0);
  await peer.offer('p3', 'offer');
  first.become('failed');
  t.same(told, []);
  t.same(peer.peerIds, []);
  t.ok(made.every(({ connectionState }) => connectionState !== 'connected'));
});
