/**
 * A browser's stand-in for load and integration tests: node-datachannel as a pipe, the relay's offer answered as a
 * browser would, packets as bytes. What is missing of a browser: codecs, a jitter buffer and a bandwidth estimate.
 */
import { PeerConnection, type Track, Video } from 'node-datachannel';
import { readPipe, TRANSPORT_SEQUENCE_EXTENSION } from '../relay/negotiation.ts';
import { benchAddress } from './private-network.ts';

const TRANSPORT_SEQUENCE_URI = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

export type SyntheticPeerOptions = {
  name: string;
  /** Called for every packet, RTP and RTCP; the buffer is the callee's. An exception in it would end the process. */
  onPacket: (packet: Buffer) => void;
};

/** What the answer says of one media line: absent for the one that only receives. */
export type SyntheticSource = { ssrc: number; rtxSsrc?: number };

/** A media line of an offer of our own. */
export type OfferedSource = {
  kind: 'audio' | 'video';
  payloadType: number;
  encoding: string;
  ssrc: number;
};

/** Native objects that exist. */
const open = new Set<SyntheticPeer>();
const CLOSE_TIMEOUT_MS = 5_000;

export class SyntheticPeer {
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #opened: Promise<void>;
  /** The last state that the library told. */
  state = 'new';

  constructor({ name, onPacket }: SyntheticPeerOptions) {
    this.#connection = new PeerConnection(name, { iceServers: [], bindAddress: benchAddress() });
    this.#connection.onStateChange((state) => {
      this.state = state;
      if (state === 'closed') {
        // Else its callbacks keep it from being collected.
        this.#track.close();
        open.delete(this);
      }
    });
    const media = new Video('0', 'SendRecv');
    media.addVP8Codec(96);
    this.#track = this.#connection.addTrack(media);
    this.#track.onMessage(onPacket);
    // Only with this callback does the binding forget the track; else it keeps the process alive for ever.
    this.#track.onClosed(() => {});
    open.add(this);
    this.#opened = new Promise((resolve) => this.#track.onOpen(() => resolve()));
  }

  /** Resolves when packets can be sent. */
  get opened(): Promise<void> {
    return this.#opened;
  }

  /** Answers the relay's offer; `sources` in the order of its media lines. */
  answer(offer: string, sources: readonly (SyntheticSource | undefined)[]): string {
    const remote = readPipe(offer);
    if (remote === undefined) {
      throw new Error('The offer names no transport.');
    }
    this.#connection.setRemoteDescription(pipeSdp(remote, 'actpass'), 'offer');
    const local = readPipe(this.#connection.localDescription()?.sdp ?? '');
    if (local === undefined) {
      throw new Error('libdatachannel gave no answer.');
    }
    return answerSdp(offer, local, sources);
  }

  /** Offers these sources to a server that answers; without candidates, so that nothing comes before its answer. */
  offer(sources: readonly OfferedSource[]): string {
    this.#connection.setLocalDescription('offer');
    const local = readPipe(this.#connection.localDescription()?.sdp ?? '');
    if (local === undefined) {
      throw new Error('libdatachannel gave no offer.');
    }
    return offerSdp(local, sources);
  }

  /** What the other end may know once it has applied our description and we have applied its. */
  get candidates(): readonly string[] {
    return readPipe(this.#connection.localDescription()?.sdp ?? '')?.candidates ?? [];
  }

  /** Applies the answer to `offer`, with the candidates in it. */
  accept(answer: string): void {
    const remote = readPipe(answer);
    if (remote === undefined) {
      throw new Error('The answer names no transport.');
    }
    this.#connection.setRemoteDescription(pipeSdp(remote, 'active'), 'answer');
    this.addCandidates(remote.candidates);
  }

  addCandidates(candidates: readonly string[]): void {
    for (const candidate of candidates) {
      this.#connection.addRemoteCandidate(candidate, '0');
    }
  }

  /** @returns false when the socket would not take it */
  send(packet: Buffer): boolean {
    return this.#track.sendMessageBinary(packet);
  }

  close(): void {
    this.#connection.close();
  }

  /** Connects two peers to each other without a relay: what the generator itself costs. */
  static async connect(offerer: SyntheticPeer, answerer: SyntheticPeer): Promise<void> {
    offerer.#connection.setLocalDescription('offer');
    const offer = readPipe(offerer.#connection.localDescription()?.sdp ?? '');
    if (offer === undefined) {
      throw new Error('libdatachannel gave no offer.');
    }
    answerer.#connection.setRemoteDescription(pipeSdp(offer, 'actpass'), 'offer');
    const answer = readPipe(answerer.#connection.localDescription()?.sdp ?? '');
    if (answer === undefined) {
      throw new Error('libdatachannel gave no answer.');
    }
    offerer.#connection.setRemoteDescription(pipeSdp(answer, 'active'), 'answer');
    // Only now: an answerer that knows the way earlier can be faster than the offerer's own description.
    answerer.addCandidates(offer.candidates);
    await Promise.all([offerer.opened, answerer.opened]);
  }
}

type PipeCredentials = { iceUfrag: string; icePwd: string; fingerprint: string };

function pipeSdp({ iceUfrag, icePwd, fingerprint }: PipeCredentials, setup: string): string {
  const lines = [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0'],
    ...['m=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0'],
    ...[`a=ice-ufrag:${iceUfrag}`, `a=ice-pwd:${icePwd}`, `a=fingerprint:${fingerprint}`, `a=setup:${setup}`],
    ...['a=mid:0', 'a=sendrecv', 'a=rtcp-mux', 'a=rtpmap:96 VP8/90000'],
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** What a browser would offer that sends one track of each kind: one BUNDLE with the feedback it understands. */
function offerSdp(
  { iceUfrag, icePwd, fingerprint }: PipeCredentials,
  sources: readonly OfferedSource[],
): string {
  const lines = [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0'],
    `a=group:BUNDLE ${sources.map((_, mid) => mid).join(' ')}`,
    ...sources.flatMap(({ kind, payloadType, encoding, ssrc }, mid) => [
      ...[`m=${kind} 9 UDP/TLS/RTP/SAVPF ${payloadType}`, 'c=IN IP4 0.0.0.0'],
      ...[`a=ice-ufrag:${iceUfrag}`, `a=ice-pwd:${icePwd}`, `a=fingerprint:${fingerprint}`],
      ...['a=setup:actpass', `a=mid:${mid}`, 'a=sendonly', 'a=rtcp-mux', 'a=rtcp-rsize'],
      `a=extmap:${TRANSPORT_SEQUENCE_EXTENSION} ${TRANSPORT_SEQUENCE_URI}`,
      `a=rtpmap:${payloadType} ${encoding}`,
      ...['transport-cc', ...(kind === 'video' ? ['nack', 'nack pli', 'ccm fir', 'goog-remb'] : [])].map(
        (feedback) => `a=rtcp-fb:${payloadType} ${feedback}`,
      ),
      `a=ssrc:${ssrc} cname:synthetic`,
    ]),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** The offer's own lines turned round, with our transport and sources in them. */
function answerSdp(
  offer: string,
  { iceUfrag, icePwd, fingerprint }: PipeCredentials,
  sources: readonly (SyntheticSource | undefined)[],
): string {
  const turned: Record<string, string> = { 'a=sendonly': 'a=recvonly', 'a=recvonly': 'a=sendonly' };
  const replaced = /^a=(ice-ufrag|ice-pwd|fingerprint|setup|msid|ssrc|ssrc-group):/;
  let section = -1;
  const lines = offer.split('\r\n').flatMap((line) => {
    if (line.startsWith('m=')) {
      section++;
    }
    if (line.startsWith('a=mid:')) {
      const source = sources[section];
      return [
        line,
        `a=ice-ufrag:${iceUfrag}`,
        `a=ice-pwd:${icePwd}`,
        `a=fingerprint:${fingerprint}`,
        'a=setup:active',
        ...(source?.rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${source.ssrc} ${source.rtxSsrc}`]),
        ...(source === undefined ? [] : [`a=ssrc:${source.ssrc} cname:synthetic`]),
      ];
    }
    return replaced.test(line) ? [] : [turned[line] ?? line];
  });
  return lines.join('\r\n');
}

/** Closes what is still open, so that the process can end by itself. */
export async function endSyntheticPeers(): Promise<void> {
  for (const peer of open) {
    peer.close();
  }
  const deadline = performance.now() + CLOSE_TIMEOUT_MS;
  while (open.size > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
