/**
 * The malicious participant of `bench flood`, as a process of its own, so that what it costs to attack is not in the
 * delays that the bench measures: a technician and a customer in a session of theirs. Forked with the relay's origin and
 * a cookie; speaks `AttackerCommand` and `AttackerEvent` over IPC and ends with its parent.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { writeNack, writePli } from '../codec/rtcp-write.ts';
import * as rtp from '../codec/rtp.ts';
import { VIDEO_PAYLOAD_TYPES } from '../relay/negotiation.ts';
import { SignallingClient } from '../test/support/signalling-client.ts';
import type { Attack, AttackerCommand, AttackerEvent } from './flood-attacks.ts';
import { SyntheticPage } from './synthetic-page.ts';
import { endSyntheticPeers } from './synthetic-peer.ts';

const TICK_MS = 1;
/** Of the 8 Mbit/s that a participant may send, nine tenths: packets of 8 kbit every 20 ms. */
const WITHIN_PER_INTERVAL = 18;
const ORDINARY_PER_INTERVAL = 3;
/** Packets a second; the largest are 1300 bytes, so `above` is thirteen times what is allowed. */
const ABOVE_PPS = 10_000;
const RTCP_PPS = 3_500;
const FEEDBACK_PPS = 3_000;
const MESSAGES_PER_S = 1_000;
/** Numbers in one NACK: all that the viewer was sent lately. */
const NACK_NUMBERS = 256;
const RTCP_TYPES = [200, 201, 202, 203, 204, 205, 206, 207];
const ENDLESS_SDES = Buffer.from('81ca00021234567801ff0000', 'hex');

class Attacker {
  readonly #origin: string;
  readonly #technician: SyntheticPage;
  readonly #customer: SyntheticPage;
  readonly #scratch = Buffer.alloc(1_400);
  /** Of the picture, as the technician sees it. */
  #source = 0;
  #newest = 0;
  #sent = 0;
  #running = false;
  #stopped: Promise<void> = Promise.resolve();

  private constructor(origin: string, technician: SyntheticPage, customer: SyntheticPage) {
    this.#origin = origin;
    this.#technician = technician;
    this.#customer = customer;
    technician.onPacket = (packet) => {
      if (rtp.isRtp(packet) && rtp.payloadType(packet) === VIDEO_PAYLOAD_TYPES.VP8.media) {
        this.#source = rtp.ssrc(packet);
        this.#newest = rtp.sequenceNumber(packet);
      }
    };
  }

  static async enter(origin: string, cookie: string): Promise<Attacker> {
    const { technician, customer } = await SyntheticPage.call(origin, cookie);
    customer.videoPerInterval = ORDINARY_PER_INTERVAL;
    return new Attacker(origin, technician, customer);
  }

  start(attack: Attack): void {
    this.#sent = 0;
    this.#running = true;
    this.#stopped = attack === 'signalling' ? this.#signalling() : this.#packets(attack);
  }

  async stop(): Promise<number> {
    this.#running = false;
    await this.#stopped;
    this.#customer.videoPerInterval = ORDINARY_PER_INTERVAL;
    return this.#sent;
  }

  leave(): void {
    this.#technician.leave();
    this.#customer.leave();
  }

  async #packets(attack: Exclude<Attack, 'signalling'>): Promise<void> {
    if (attack === 'within') {
      this.#customer.videoPerInterval = WITHIN_PER_INTERVAL;
    }
    const perSecond = { within: 0, above: ABOVE_PPS, rtcp: RTCP_PPS, nack: FEEDBACK_PPS, pli: FEEDBACK_PPS }[
      attack
    ];
    const startedAt = performance.now();
    while (this.#running) {
      const seconds = (performance.now() - startedAt) / 1000;
      const due = Math.floor(seconds * perSecond);
      // A machine that stood still is not caught up with.
      for (const stop = Math.min(due, this.#sent + 200); this.#sent < stop; this.#sent++) {
        this.#once(attack);
      }
      this.#sent = attack === 'within' ? Math.floor(seconds * 50 * WITHIN_PER_INTERVAL) : due;
      await pause(TICK_MS);
    }
  }

  #once(attack: Exclude<Attack, 'signalling'>): void {
    switch (attack) {
      case 'within':
        return;
      case 'above':
        this.#customer.flood(1);
        return;
      case 'rtcp':
        this.#customer.send(garbage());
        return;
      case 'nack': {
        const numbers = Array.from(
          { length: NACK_NUMBERS },
          (_, i) => this.#newest + 65_536 - NACK_NUMBERS + i,
        );
        const end = writeNack(this.#scratch, 0, 1, this.#source, numbers);
        this.#technician.send(this.#scratch.subarray(0, end));
        return;
      }
      case 'pli':
        this.#technician.send(this.#scratch.subarray(0, writePli(this.#scratch, 0, 1, this.#source)));
    }
  }

  /** As fast as asked; a socket that the relay closes is followed by another one at once. */
  async #signalling(): Promise<void> {
    const startedAt = performance.now();
    while (this.#running) {
      const client = await SignallingClient.connect(this.#origin);
      while (this.#running && client.closed === undefined) {
        const due = Math.floor(((performance.now() - startedAt) / 1000) * MESSAGES_PER_S);
        for (const stop = Math.min(due, this.#sent + 200); this.#sent < stop; this.#sent++) {
          client.sendText('{"type":"claimPin","id":1,"pin":"000000"}');
        }
        await pause(TICK_MS);
      }
      client.close();
    }
  }
}

/** RTCP of any type whose lengths and counts say anything. */
function garbage(): Buffer {
  if (randomInt(10) === 0) {
    return ENDLESS_SDES;
  }
  const packet = randomBytes(12 + 4 * randomInt(250));
  packet[0] = 0x80 | randomInt(64);
  packet[1] = RTCP_TYPES[randomInt(RTCP_TYPES.length)] ?? 200;
  if (randomInt(2) === 0) {
    packet.writeUInt16BE(packet.length / 4 - 1, 2);
  }
  return packet;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function tell(event: AttackerEvent): void {
  process.send?.(event);
}

async function end(attacker: Attacker): Promise<void> {
  await attacker.stop();
  attacker.leave();
  await endSyntheticPeers();
  process.exit(0);
}

const [, , origin = '', cookie = ''] = process.argv;
const attacker = await Attacker.enter(origin, cookie);
process.on('message', (command: AttackerCommand) => {
  if (command.type === 'start') {
    attacker.start(command.attack);
  } else if (command.type === 'stop') {
    attacker.stop().then((sent) => tell({ type: 'stopped', sent }));
  } else {
    void end(attacker);
  }
});
process.on('disconnect', () => void end(attacker));
tell({ type: 'ready' });
