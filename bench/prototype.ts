/**
 * The plain prototype that `bench forward` compares with, as facts/peerbench.md describes it: node-datachannel used
 * as its examples show, one callback per track, look-up, `isOpen`, send. No statistics, feedback, limits or guards.
 * Runs as a child process; a session is `connect` (its publisher's SSRCs), two `offer`s, two `answer`s.
 */
import { Audio, PeerConnection, type Track, Video } from 'node-datachannel';
import { benchAddress } from './private-network.ts';
import type { PrototypeCommand, PrototypeEvent } from './subject-prototype.ts';

const connections = new Map<string, PeerConnection>();
const destinations = new Map<string, Track>();
/** The library closes a track that is collected, and its callback does not keep it. */
const sources: Track[] = [];

function open(name: string, audio: number, video: number, direction: 'SendOnly' | 'RecvOnly') {
  const connection = new PeerConnection(name, { iceServers: [], bindAddress: benchAddress() });
  const voice = new Audio('0', direction);
  voice.addOpusCodec(111);
  const picture = new Video('1', direction);
  picture.addVP8Codec(96);
  if (direction === 'SendOnly') {
    voice.addSSRC(audio, 'prototype');
    picture.addSSRC(video, 'prototype');
  }
  const tracks = { audio: connection.addTrack(voice), video: connection.addTrack(picture) };
  connection.setLocalDescription('offer');
  const sdp = connection.localDescription()?.sdp ?? '';
  connections.set(name, connection);
  process.send?.({ type: 'offer', name, sdp } satisfies PrototypeEvent);
  return tracks;
}

process.on('message', (command: PrototypeCommand) => {
  if (command.type === 'answer') {
    connections.get(command.name)?.setRemoteDescription(command.sdp, 'answer');
    process.send?.({ type: 'answered', name: command.name } satisfies PrototypeEvent);
    return;
  }
  const { session, audio, video } = command;
  const from = open(`${session} publisher`, audio, video, 'RecvOnly');
  const to = open(`${session} subscriber`, audio, video, 'SendOnly');
  for (const kind of ['audio', 'video'] as const) {
    const key = `${session} ${kind}`;
    sources.push(from[kind]);
    destinations.set(key, to[kind]);
    from[kind].onMessage((packet) => {
      const destination = destinations.get(key);
      if (destination?.isOpen()) {
        destination.sendMessageBinary(packet);
      }
    });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ type: 'ready' } satisfies PrototypeEvent);
