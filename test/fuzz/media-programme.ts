/** The little programmes of the media targets: read from bytes, run against a media session, judged packet by packet. */
import { put32 } from '../../codec/bytes.ts';
import * as rtp from '../../codec/rtp.ts';
import { OPUS_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPES } from '../../relay/negotiation.ts';
import type { Role } from '../../relay/protocol.ts';
import {
  paddingPacket,
  SYNTHETIC_HEADER_BYTES,
  syntheticPacket,
  writeVp8Payload,
} from '../support/media-packets.ts';
import { MediaJudge } from './media-judge.ts';
import { type FakePeer, mediaScene } from './media-scene.ts';
import { ENDLESS_SDES, RTCP_TYPES, rtcpPacket, rtpPacket } from './packets.ts';
import { pick, randomFrom } from './random.ts';

/** A start number far from every wrap. */
export const START = 20_000;
const PEERS_MAX = 6;
/** One input cannot be an hour long. */
const PACKETS_MAX = 4_000;
const TICKS_MS = [0, 1, 20, 50, 100, 500, 1_100, 3_000] as const;
/** Around what is believed, what SRTP allows, and half and all of the circle. */
const JUMPS = [
  -70_000, -3_000, -2_000, -1_100, -900, -600, 600, 2_900, 3_100, 32_767, 32_768, 60_000,
] as const;
const VP8 = VIDEO_PAYLOAD_TYPES.VP8;

/** An operation is its number and one byte of argument. */
const OPERATIONS = [
  ...(['join', 'connect', 'close', 'lost', 'gate', 'expect', 'shed', 'blocked', 'tick'] as const),
  ...(['voice', 'picture', 'burst', 'technicianVoice', 'technicianPicture', 'padding'] as const),
  ...(['lose', 'repeat', 'jump', 'retransmit', 'report', 'nack', 'pli'] as const),
  ...(['rtcp', 'rtp', 'hostile', 'cut', 'oversize', 'sdes'] as const),
];
type Operation = (typeof OPERATIONS)[number];

export function operation(name: Operation, argument: number): Buffer {
  return Buffer.from([OPERATIONS.indexOf(name), argument & 0xff]);
}

/** A packet with content of ours that came out at a browser; `index` counts those that went in. */
export type Delivery = { to: string; index: number };

/** Where a browser is in what it sends. */
type Sender = {
  peer: FakePeer;
  ssrc: { audio: number; video: number; rtx: number };
  /** Of the next packet, unwrapped. */
  next: { audio: number; video: number; transport: number };
  pictureId: number;
};

export class MediaProgramme {
  readonly complaints: string[] = [];
  readonly delivered: Delivery[] = [];
  /** How many went in. */
  packets = 0;
  readonly #input: Buffer;
  readonly #start: number;
  readonly #relative: boolean;
  readonly #senders: Sender[] = [];
  readonly #judge = new MediaJudge(this.complaints, this.delivered);
  readonly #scene = mediaScene(5, (to, packet) => this.#judge.sent(to, packet));
  /** Beside it, in the same process; nothing of the one may reach the other. */
  readonly #bystanders = mediaScene(6, (to, packet) => this.#judge.sentElsewhere(to, packet));
  #now = 1_000_000;

  /** @param relative nothing depends on absolute sequence numbers, so that runs can be compared */
  constructor(input: Buffer, start: number, relative = false) {
    this.#input = input;
    this.#start = start;
    this.#relative = relative;
  }

  run(): void {
    // Members take the time of their making and connecting from here; else the programme's time and the real one mix.
    const ownNow = Object.getOwnPropertyDescriptor(performance, 'now');
    Object.defineProperty(performance, 'now', { value: () => this.#now, configurable: true, writable: true });
    try {
      this.#bystanders.join('bc', 'customer', 'VP8').connect();
      this.#bystanders.join('bt', 'technician', 'VP8').connect();
      this.#bystanders.session.setGate(true, this.#now);
      for (let at = 1; at + 1 < this.#input.length && this.packets < PACKETS_MAX; at += 2) {
        const name = OPERATIONS[(this.#input[at] ?? 0) % OPERATIONS.length] ?? 'tick';
        this.#judge.begin(name);
        this.#operate(name, this.#input[at + 1] ?? 0, at);
      }
      this.#judge.end(JSON.stringify(this.#scene.session.stats).length);
      this.#scene.session.close();
      this.#bystanders.session.close();
    } finally {
      if (ownNow === undefined) {
        Reflect.deleteProperty(performance, 'now');
      } else {
        Object.defineProperty(performance, 'now', ownNow);
      }
    }
  }

  #operate(name: Operation, argument: number, at: number): void {
    const { session } = this.#scene;
    const sender = this.#senders[argument % Math.max(1, this.#senders.length)];
    switch (name) {
      case 'join':
        this.#join(argument % 2 === 0 ? 'customer' : 'technician', argument);
        return;
      case 'gate':
        this.#judge.gateOpen = argument % 2 === 1;
        session.setGate(argument % 2 === 1, this.#now);
        return;
      case 'shed':
        this.#judge.shedding = argument % 2 === 1;
        session.setShedding(argument % 2 === 1, this.#now);
        return;
      case 'tick':
        this.#now += TICKS_MS[argument % TICKS_MS.length] ?? 0;
        this.#judge.ticking();
        session.poll(this.#now);
        session.tick(this.#now);
        this.#bystanders.session.tick(this.#now);
        return;
      default:
        if (sender !== undefined) {
          this.#act(name, sender, argument, at);
        }
    }
  }

  #act(name: Operation, sender: Sender, argument: number, at: number): void {
    const { peer } = sender;
    switch (name) {
      case 'connect':
        peer.connect();
        return;
      case 'close':
        this.#scene.session.closePeer(peer.id);
        return;
      case 'lost':
        if (peer.connected) {
          peer.close();
          peer.events.lost(argument % 4 < 2 ? 'failed' : 'closed');
        }
        return;
      case 'expect':
        this.#scene.session.expect(peer.id, { audio: argument % 2 === 1, video: argument % 4 > 1 });
        return;
      case 'blocked':
        this.#judge.toggleBlocked(peer);
        return;
      case 'voice':
      case 'technicianVoice':
        this.#voice(sender);
        return;
      case 'picture':
      case 'technicianPicture':
        this.#picture(sender, argument % 3 === 0);
        return;
      case 'burst':
        for (let count = argument % 64; count >= 0; count--) {
          this.#now += 3;
          this.#picture(this.#customer(argument) ?? sender, count % 16 === 8);
        }
        return;
      case 'padding':
        this.#rtp(sender, paddingPacket(VP8.media, sender.ssrc.video, sender.next.video++ & 0xffff));
        return;
      case 'lose':
        sender.next.video += 1 + (argument % 24);
        return;
      case 'jump':
        this.#jump(this.#customer(argument) ?? sender, JUMPS[(argument >> 2) % JUMPS.length] ?? 0);
        return;
      case 'repeat':
        this.#video(sender, sender.next.video - 1 - (argument % 80), false);
        return;
      case 'retransmit':
        this.#retransmission(sender, sender.next.video - 1 - (argument % 80));
        return;
      default:
        this.#feedback(name, sender, argument, at);
    }
  }

  #feedback(name: Operation, sender: Sender, argument: number, at: number): void {
    const { peer } = sender;
    const random = randomFrom(argument * 65_536 + at);
    const sources = [...this.#judge.sourcesOf(peer), sender.ssrc.audio, sender.ssrc.video];
    switch (name) {
      case 'report':
        this.#rtcp(peer, rtcpPacket(random, pick(random, ['sr', 'rr']), sources));
        return;
      case 'nack':
        for (let count = argument % 8; count >= 0; count--) {
          this.#rtcp(peer, this.#judge.nackOf(peer, argument >> 3));
        }
        return;
      case 'pli':
        for (let count = argument % 32; count >= 0; count--) {
          this.#rtcp(peer, rtcpPacket(random, pick(random, ['pli', 'fir']), sources));
        }
        return;
      case 'rtcp': {
        const packets = Array.from({ length: 1 + (argument % 5) }, () =>
          rtcpPacket(random, pick(random, RTCP_TYPES), sources, this.#judge.newestTo(peer)),
        );
        this.#rtcp(peer, Buffer.concat(packets));
        return;
      }
      case 'sdes':
        this.#rtcp(peer, ENDLESS_SDES);
        return;
      case 'rtp': {
        const ssrc = pick(random, [sender.ssrc.audio, sender.ssrc.video, sender.ssrc.rtx, random(2 ** 32)]);
        const types = [
          OPUS_PAYLOAD_TYPE,
          63,
          ...Object.values(VIDEO_PAYLOAD_TYPES).flatMap((t) => [t.media, t.rtx]),
        ];
        const sequence = pick(random, [sender.next.video + random(40) - 20, random(65_536)]);
        this.#rtp(sender, rtpPacket(random, { ssrc, sequence, payloadType: pick(random, types) }));
        return;
      }
      case 'hostile':
        // The next bytes of the programme as a packet.
        this.#either(sender, this.#input.subarray(at + 2, at + 2 + argument));
        return;
      case 'cut': {
        const packet = syntheticPacket(200, VP8.media, sender.ssrc.video, {
          sequence: sender.next.video & 0xffff,
        });
        this.#either(sender, packet.subarray(0, argument % 64));
        return;
      }
      default:
        this.#either(sender, Buffer.alloc(1_401 + argument * 250, pick(random, [0x80, 0xff, 0x90])));
    }
  }

  #customer(argument: number): Sender | undefined {
    const customers = this.#senders.filter(({ peer }) => peer.role === 'customer' && !peer.closed);
    return customers[argument % Math.max(1, customers.length)];
  }

  #join(role: Role, argument: number): void {
    if (this.#senders.length >= PEERS_MAX) {
      return;
    }
    const base = 1_000 * (this.#senders.length + 1);
    const ssrc = { audio: base + 1, video: base + 2, rtx: base + 3 };
    const codec = !this.#relative && argument > 250 ? 'H264' : 'VP8';
    const video: [number, number] = [ssrc.video, ssrc.rtx];
    const peer = this.#scene.join(`p${this.#senders.length}`, role, codec, {
      audio: [ssrc.audio],
      ...(role === 'customer' && { video }),
    });
    this.#judge.joined(peer);
    const next = 65_536 + this.#start;
    this.#senders.push({
      peer,
      ssrc,
      next: { audio: next, video: next, transport: next },
      pictureId: this.#start,
    });
  }

  #voice(sender: Sender): void {
    const sequence = sender.next.audio++;
    const packet = syntheticPacket(100, OPUS_PAYLOAD_TYPE, sender.ssrc.audio, {
      sequence: sequence & 0xffff,
      timestamp: (sequence * 960) >>> 0,
      transportSequence: sender.next.transport++ & 0xffff,
    });
    this.#rtp(sender, packet);
  }

  #picture(sender: Sender, keyframe: boolean): void {
    sender.pictureId++;
    this.#video(sender, sender.next.video++, keyframe);
  }

  #videoPacket(sender: Sender, sequence: number, keyframe: boolean): Buffer {
    const packet = syntheticPacket(120, VP8.media, sender.ssrc.video, {
      sequence: sequence & 0xffff,
      timestamp: (sequence * 3_000) >>> 0,
      transportSequence: sender.next.transport++ & 0xffff,
      marker: true,
    });
    writeVp8Payload(packet, { pictureId: sender.pictureId, start: true, keyframe });
    return packet;
  }

  #video(sender: Sender, sequence: number, keyframe: boolean): void {
    this.#rtp(sender, this.#videoPacket(sender, sequence, keyframe));
  }

  /** Goes on from there: two packets, since the first of a wild stretch is not believed. */
  #jump(sender: Sender, step: number): void {
    sender.next.video += step;
    this.#picture(sender, false);
    this.#picture(sender, false);
  }

  /** As RFC 4588 has it: the original number before the payload. */
  #retransmission(sender: Sender, sequence: number): void {
    const original = this.#videoPacket(sender, sequence, false);
    const packet = Buffer.alloc(original.length + 2);
    const written = rtp.writeRtx(
      packet,
      original,
      original.length,
      sender.ssrc.rtx,
      VP8.rtx,
      sender.next.transport,
    );
    this.#rtp(sender, packet.subarray(0, Math.max(0, written)));
  }

  #either(sender: Sender, packet: Buffer): void {
    if (rtp.isRtcp(packet)) {
      this.#rtcp(sender.peer, Buffer.from(packet));
    } else {
      this.#rtp(sender, Buffer.from(packet));
    }
  }

  /** The pipe gives nothing from a connection that is not up. */
  #rtp(sender: Sender, packet: Buffer): void {
    if (!sender.peer.connected || rtp.isRtcp(packet)) {
      return;
    }
    this.packets++;
    const hasTail = packet.length >= SYNTHETIC_HEADER_BYTES + 40 && ((packet[0] ?? 0) & 0x20) === 0;
    if (hasTail) {
      put32(packet, packet.length - 8, MediaJudge.MARK);
      put32(packet, packet.length - 4, this.#judge.received(sender.peer, packet));
    }
    this.#judge.handling(sender.peer, 'rtp', packet.length);
    sender.peer.receiver.rtp(packet, this.#now);
    this.#judge.handled();
  }

  #rtcp(peer: FakePeer, packet: Buffer): void {
    if (!peer.connected || packet.length === 0) {
      return;
    }
    this.packets++;
    this.#judge.handling(peer, 'rtcp', packet.length);
    peer.receiver.rtcp(packet, this.#now);
    this.#judge.handled();
  }
}
