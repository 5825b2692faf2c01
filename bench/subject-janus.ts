/** Janus as a subject of `bench forward`: its videoroom, one room per session, recording off. */

import { OPUS_PAYLOAD_TYPE, readPipe, VIDEO_PAYLOAD_TYPES } from '../relay/negotiation.ts';
import type { Session } from './forward-load.ts';
import { JanusServer } from './janus-server.ts';
import { closeAll, type Subject } from './subject.ts';
import { SyntheticPeer } from './synthetic-peer.ts';

/** Janus would limit the publisher by REMB otherwise; the generator's load is 2.7 Mbit/s. */
const ROOM_BITRATE_BPS = 20_000_000;

export async function startJanus(): Promise<Subject> {
  const server = await JanusServer.start();
  const peers: SyntheticPeer[] = [];
  const peer = (name: string, onPacket: (packet: Buffer) => void) => {
    const made = new SyntheticPeer({ name, onPacket });
    peers.push(made);
    return made;
  };

  const publish = async (
    room: number,
    session: Session,
  ): Promise<{ publisher: SyntheticPeer; feed: number }> => {
    const handle = await server.attach();
    const joined = await server.message(handle, { request: 'join', ptype: 'publisher', room });
    const publisher = peer(`${room} publisher`, session.feedback);
    const sdp = publisher.offer([
      { kind: 'audio', payloadType: OPUS_PAYLOAD_TYPE, encoding: 'opus/48000/2', ssrc: session.audio },
      {
        kind: 'video',
        payloadType: VIDEO_PAYLOAD_TYPES.VP8.media,
        encoding: 'VP8/90000',
        ssrc: session.video,
      },
    ]);
    const up = server.webrtcUp(handle);
    const { jsep } = await server.message(handle, { request: 'publish' }, { type: 'offer', sdp });
    publisher.accept(jsep?.sdp ?? '');
    // Janus checks nothing before it has heard of candidates, and it must not before its answer is applied.
    for (const candidate of publisher.candidates) {
      await server.trickle(handle, { candidate, sdpMid: '0', sdpMLineIndex: 0 });
    }
    await server.trickle(handle, { completed: true });
    await Promise.all([publisher.opened, up]);
    return { publisher, feed: Number(joined.plugindata?.data['id']) };
  };

  const subscribe = async (room: number, feed: number, session: Session): Promise<void> => {
    const handle = await server.attach();
    const streams = [{ feed }];
    const { jsep } = await server.message(handle, { request: 'join', ptype: 'subscriber', room, streams });
    const offer = jsep?.sdp ?? '';
    const subscriber = peer(`${room} subscriber`, session.receive);
    const sdp = subscriber.answer(offer, []);
    subscriber.addCandidates(readPipe(offer)?.candidates ?? []);
    await server.message(handle, { request: 'start' }, { type: 'answer', sdp });
    await subscriber.opened;
  };

  return {
    pid: server.pid,
    connect: async (session, index) => {
      const room = index + 1;
      await server.message(await server.attach(), {
        request: 'create',
        room,
        publishers: 1,
        record: false,
        audiocodec: 'opus',
        videocodec: 'vp8',
        bitrate: ROOM_BITRATE_BPS,
        transport_wide_cc_ext: true,
      });
      const { publisher, feed } = await publish(room, session);
      await subscribe(room, feed, session);
      return publisher;
    },
    report: async () => ({}),
    stop: async () => {
      await server.stop();
      closeAll(peers);
    },
  };
}
