/**
 * All that one browser sends: validated, noted for TWCC and told apart by payload type. The second half of the second
 * step of a packet's way (peer, uptrack, downtrack, peer) is the track's.
 */
import { u16, u24 } from '../codec/bytes.ts';
import * as rtp from '../codec/rtp.ts';
import type { PeerFeedback } from './feedback.ts';
import { TRANSPORT_SEQUENCE_EXTENSION } from './negotiation.ts';
import { absoluteSendTimeOffset, NO_PACKET, type RtpPacket } from './packet.ts';
import type { Uplink } from './uplink.ts';
import type { Uptrack } from './uptrack.ts';
import type { PacketCounters } from './worker-protocol.ts';

/** More at one time were lost in a burst, and the next packet of the picture will say which. */
const MAX_SUSPECTED = 16;

/** All that one peer sends, told apart by payload type. */
export class Uptracks {
  readonly #tracks: readonly Uptrack[];
  readonly #feedback: PeerFeedback;
  readonly #counters: PacketCounters;
  readonly #uplink: Uplink | undefined;
  readonly #packet: RtpPacket = { ...NO_PACKET };

  /** @param uplink told of every packet; of interest where a picture is sent */
  constructor(
    tracks: readonly Uptrack[],
    feedback: PeerFeedback,
    counters: PacketCounters,
    uplink: Uplink | undefined = undefined,
  ) {
    this.#uplink = uplink;
    this.#tracks = tracks;
    this.#feedback = feedback;
    this.#counters = counters;
  }

  get all(): readonly Uptrack[] {
    return this.#tracks;
  }

  of(kind: 'audio' | 'video'): Uptrack | undefined {
    return this.#tracks.find((track) => track.format.kind === kind);
  }

  /** When `poll` has something to do. */
  get nextDueAt(): number {
    let at = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#tracks.length; index++) {
      at = Math.min(at, this.#tracks[index]?.nextDueAt ?? at);
    }
    return at;
  }

  poll(now: number): void {
    for (let index = 0; index < this.#tracks.length; index++) {
      this.#tracks[index]?.poll(now);
    }
  }

  /** Takes anything that the peer received and that is not RTCP. */
  receive(bytes: Buffer, now: number): void {
    const payloadOffset = rtp.validateRtp(bytes);
    if (payloadOffset < 0) {
      this.#counters.droppedMalformed++;
      return;
    }
    const transport = rtp.findExtension(bytes, TRANSPORT_SEQUENCE_EXTENSION);
    let lost = 0;
    if (transport >= 0 && rtp.extensionLength(bytes, transport) === 2) {
      lost = this.#feedback.arrived(u16(bytes, transport), now);
    }
    const payloadType = rtp.payloadType(bytes);
    for (let index = 0; index < this.#tracks.length; index++) {
      const track = this.#tracks[index];
      if (track === undefined) {
        continue;
      }
      const { format } = track;
      const isRedundant = format.redPayloadType === payloadType;
      const isMedia = isRedundant || format.payloadType === payloadType;
      if (isMedia || format.rtxPayloadType === payloadType) {
        const packet = this.#packet;
        packet.redundant = isRedundant;
        packet.bytes = bytes;
        packet.payloadOffset = payloadOffset;
        packet.arrivedAt = now;
        packet.timestamp = rtp.timestamp(bytes);
        const sendTime = absoluteSendTimeOffset(bytes);
        packet.absoluteSendTimeOffset = sendTime;
        if (sendTime >= 0) {
          this.#uplink?.onPacket(u24(bytes, sendTime), bytes.length, now);
        }
        if (isMedia) {
          const before = track.newest;
          track.receive(packet);
          if (lost > 0 && format.kind === 'audio' && before >= 0) {
            // The gap of the transport is not a gap of the voice: the picture's last packets, or retransmissions.
            const ofPicture = lost - Math.max(0, track.newest - before - 1);
            if (ofPicture > 0 && ofPicture <= MAX_SUSPECTED) {
              this.of('video')?.suspect(ofPicture, now);
            }
          }
        } else {
          track.receiveRetransmission(packet);
        }
        return;
      }
    }
    this.#counters.droppedUnknownSource++;
  }
}
