/**
 * The media worker over real UDP. Real: the worker as a child process driven over its IPC, ICE, DTLS and SRTP on
 * loopback, all of the forwarding. Faked: the browsers, which are node-datachannel peers that answer the relay's offer
 * as a browser would and send packets that look like Chromium's. There is no STUN server and no front.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { endSyntheticPeers } from '../../bench/synthetic-peer.ts';
import * as rtcp from '../../codec/rtcp.ts';
import { writeNack, writePli } from '../../codec/rtcp-write.ts';
import * as rtp from '../../codec/rtp.ts';
import { mediaSections, readAnswer, writeOffer } from '../../relay/negotiation.ts';
import { Transport } from '../../relay/peer.ts';
import { NO_PACKETS, type WorkerConfig, type WorkerStats } from '../../relay/worker-protocol.ts';
import { Browser, pair, TestWorker, until } from './media-worker.ts';

let nextPort = 21_000;
/** A worker with ports of its own, ended with the test. */
async function start(t: Test, config: Partial<WorkerConfig> = {}): Promise<TestWorker> {
  const portRangeBegin = nextPort;
  nextPort += 100;
  const worker = new TestWorker({ portRangeBegin, portRangeEnd: portRangeBegin + 99, ...config });
  t.teardown(() => worker.end());
  await worker.event('ready');
  return worker;
}

t.teardown(() => endSyntheticPeers());

t.test('two browsers hear each other and the technician sees, only while the gate is open', async (t) => {
  const worker = await start(t);
  const { customer, technician } = await pair(worker, 1);
  customer.voice(1);
  customer.picture(1, true);
  technician.voice(1);
  await until('the worker to have dropped them', () => lastStats(worker)?.counters.droppedGate === 3);
  t.same([customer.types(), technician.types()], [[], []], 'nothing before Start');

  worker.command({ type: 'gate', sessionId: 1, open: true });
  await until('the request for a keyframe', () => customer.of(rtcp.PLI).length > 0);
  customer.picture(2, true);
  customer.picture(3);
  customer.voice(2);
  technician.voice(2);
  await until('picture and voice', () => technician.types().length === 3 && customer.types().length === 1);
  t.same(technician.types(), [96, 96, 111]);
  t.same(customer.types(), [111]);

  worker.command({ type: 'gate', sessionId: 1, open: false });
  await worker.freshStats();
  customer.voice(3);
  await until('the worker to have dropped it', () => lastStats(worker)?.counters.droppedGate === 4);
  t.equal(technician.types().filter((payloadType) => payloadType === 111).length, 1);
});

t.test(
  'senders get transport-wide feedback and reports; the viewer asks the phone for keyframes',
  async (t) => {
    const worker = await start(t);
    const { customer, technician } = await pair(worker, 1);
    worker.command({ type: 'gate', sessionId: 1, open: true });
    let sequence = 1;
    customer.picture(sequence, true);
    technician.voice(1);
    await until('feedback to both', () => {
      customer.picture(++sequence);
      technician.voice(sequence);
      return [customer, technician].every(
        (browser) => browser.of(rtcp.TWCC).length > 1 && browser.of(rtcp.RECEIVER_REPORT).length > 0,
      );
    });
    const before = customer.of(rtcp.PLI).length;
    const picture = technician.received.find((packet) => rtp.isRtp(packet) && rtp.payloadType(packet) === 96);
    const pli = Buffer.alloc(12);
    writePli(pli, 0, 1, rtp.ssrc(picture ?? Buffer.alloc(12)));
    await until('the keyframe request at the phone', () => {
      technician.peer.send(pli);
      return customer.of(rtcp.PLI).length > before;
    });
    t.ok(true);
  },
);

t.test('what is lost on either leg is asked for and sent again', async (t) => {
  const worker = await start(t);
  const { customer, technician } = await pair(worker, 1);
  worker.command({ type: 'gate', sessionId: 1, open: true });
  await until('the request for a keyframe', () => customer.of(rtcp.PLI).length > 0);
  customer.picture(100, true);
  customer.picture(102);
  await until('the NACK at the phone', () => customer.of(rtcp.NACK).length > 0);
  const asked = new Uint16Array(16);
  const [nack = Buffer.alloc(0)] = customer.of(rtcp.NACK);
  t.same([...asked.subarray(0, rtcp.readNack(nack, 0, rtcp.nextRtcp(nack, 0), asked))], [101]);
  const pictures = () =>
    technician.received.filter((packet) => rtp.isRtp(packet) && rtp.payloadType(packet) === 96);
  customer.repeat(55);
  customer.repeat(101);
  await until('the recovered packet at the viewer', () => pictures().length === 3);
  const [first = 0, third = 0, second = 0] = pictures().map((packet) => rtp.sequenceNumber(packet));
  t.same(
    [third, second],
    [(first + 2) & 0xffff, (first + 1) & 0xffff],
    'in its place; what nobody asked for is not there',
  );

  const lost = Buffer.alloc(16);
  const viewed = pictures()[0] ?? Buffer.alloc(12);
  writeNack(lost, 0, 1, rtp.ssrc(viewed), [second]);
  const repeated = () =>
    technician.received.filter(
      (packet) =>
        rtp.isRtp(packet) &&
        rtp.payloadType(packet) === 97 &&
        rtp.originalSequenceNumber(packet, rtp.validateRtp(packet)) === second,
    );
  await until("the relay's own retransmission at the viewer", () => {
    technician.peer.send(lost);
    return repeated().length > 0;
  });
  const { counters } = await worker.freshStats();
  t.equal(counters.recovered, 1);
  t.equal(counters.sendErrors, 0);
});

t.test('an answer that cannot be used is refused, and a good one still connects', async (t) => {
  const worker = await start(t);
  const browser = new Browser('x', { audio: 1, video: 2 });
  worker.command({ type: 'createPeer', peerId: 'x', sessionId: 1, role: 'customer', codec: 'VP8' });
  const { sdp } = await worker.event('offer', 'x');
  t.notMatch(sdp, /candidate/);
  worker.command({ type: 'answer', peerId: 'x', sdp: 'v=0\r\nm=audio' });
  t.match(await worker.event('answerRejected', 'x'), { code: 'badSdp', problem: /./ });
  t.notOk(
    worker.events.some((event) => event.type === 'candidates'),
    'no address is told before a good answer',
  );
  worker.command({ type: 'answer', peerId: 'x', sdp: browser.answer(sdp, 'customer') });
  browser.peer.addCandidates((await worker.event('candidates', 'x')).candidates);
  await worker.event('peerState', 'x', (event) => event.state === 'connected');
  t.ok(worker.alive);
});

t.test('a browser with another certificate than its answer says does not get in', async (t) => {
  const worker = await start(t);
  const browser = new Browser('x', { audio: 1, video: 2 });
  worker.command({ type: 'createPeer', peerId: 'x', sessionId: 1, role: 'customer', codec: 'VP8' });
  const { sdp } = await worker.event('offer', 'x');
  const forged = browser
    .answer(sdp, 'customer')
    .replace(/a=fingerprint:.*/g, `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`);
  worker.command({ type: 'answer', peerId: 'x', sdp: forged });
  browser.peer.addCandidates((await worker.event('candidates', 'x')).candidates);
  const { state } = await worker.event('peerState', 'x');
  t.match(state, /failed|closed/);
});

t.test('announced addresses take the place of the local ones', async (t) => {
  const worker = await start(t, { announcedIps: ['203.0.113.7'] });
  const browser = new Browser('x', { audio: 1, video: 2 });
  worker.command({ type: 'createPeer', peerId: 'x', sessionId: 1, role: 'technician', codec: 'VP8' });
  const { sdp } = await worker.event('offer', 'x');
  worker.command({ type: 'answer', peerId: 'x', sdp: browser.answer(sdp, 'technician') });
  const { candidates } = await worker.event('candidates', 'x');
  t.match(candidates, [/^candidate:1 1 UDP \d+ 203\.0\.113\.7 \d+ typ host$/]);
});

t.test('one port can carry all peers of a worker', async (t) => {
  const worker = await start(t, { mux: true });
  const sessions = [await pair(worker, 1), await pair(worker, 2)];
  for (const [index, { customer, technician }] of sessions.entries()) {
    worker.command({ type: 'gate', sessionId: index + 1, open: true });
    let sequence = 0;
    await until('the voice', () => {
      // Another number each time: SRTP drops a repetition as a replay.
      customer.voice(++sequence);
      return technician.types().length > 0;
    });
  }
  const ports = worker.events.flatMap((event) =>
    event.type === 'candidates' ? event.candidates.map((candidate) => candidate.split(' ')[5]) : [],
  );
  t.equal(new Set(ports).size, 1);
});

t.test('when the ports are used up a peer is refused, and the worker lives on', async (t) => {
  const begin = nextPort;
  nextPort += 100;
  // Two of the eight belong to somebody else, and one is kept in reserve.
  const foreign = [createSocket('udp4'), createSocket('udp4')];
  for (const [index, socket] of foreign.entries()) {
    socket.bind(begin + index, '127.0.0.1');
    await once(socket, 'listening');
  }
  t.teardown(() => {
    for (const socket of foreign) {
      socket.close();
    }
  });
  const worker = await start(t, { portRangeBegin: begin, portRangeEnd: begin + 15 });
  const { peerCapacity } = await worker.freshStats();
  t.equal(peerCapacity, 14);
  for (let index = 0; index <= peerCapacity; index++) {
    const peer = { peerId: `p${index}`, sessionId: index, role: 'customer', codec: 'VP8' } as const;
    worker.command({ type: 'createPeer', ...peer });
  }
  t.match(await worker.event('peerRefused', `p${peerCapacity}`), { code: 'relayFull' });
  worker.command({ type: 'closePeer', peerId: 'p0' });
  await worker.event('peerState', 'p0');
  await until('the closed port', () => {
    worker.command({ type: 'collectStats' });
    return (lastStats(worker)?.peers ?? peerCapacity) < peerCapacity;
  });
  worker.command({ type: 'createPeer', peerId: 'q', sessionId: 99, role: 'customer', codec: 'VP8' });
  await worker.event('offer', 'q');
  t.ok(worker.alive);
});

t.test('hostile packets cost their sender only', async (t) => {
  const worker = await start(t);
  const { customer, technician } = await pair(worker, 1);
  const other = await pair(worker, 2);
  worker.command({ type: 'gate', sessionId: 1, open: true });
  worker.command({ type: 'gate', sessionId: 2, open: true });
  // The malformed SDES freezes libdatachannel on a connection with two media lines.
  customer.peer.send(Buffer.from([0x81, 202, 0, 2, 0, 0, 0, 1, 1, 255, 0, 0]));
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 0x7fff_ffff;
    return seed;
  };
  for (let index = 0; index < 3_000; index++) {
    const packet = Buffer.alloc(12 + (random() % 1_500));
    for (let at = 0; at < packet.length; at++) {
      packet[at] = random();
    }
    packet[0] = 0x80 | ((packet[0] ?? 0) & 0x3f);
    if (index % 2 === 0) {
      packet[1] = [96, 97, 111, 200, 201, 202, 203, 205, 206][random() % 9] ?? 96;
    }
    try {
      customer.peer.send(packet);
    } catch {
      // Our own SRTP will not wrap a header that runs past the end; a hostile browser's neither could be authentic.
    }
  }
  let sequence = 0;
  await until('the other session to be heard', () => {
    other.customer.voice(++sequence);
    return other.technician.types().length > 3;
  });
  const stats = await worker.freshStats();
  t.ok(stats.counters.droppedMalformed > 100, `${stats.counters.droppedMalformed} malformed`);
  t.ok(stats.counters.droppedOversize > 0, 'more than a path carries');
  t.notOk(
    worker.events.some((event) => event.type === 'fault'),
    'no exception of ours',
  );
  t.equal(technician.types().filter((type) => type !== 96 && type !== 111).length, 0);
});

t.test('a participant that floods is held to its limit', async (t) => {
  const worker = await start(t);
  const { customer } = await pair(worker, 1);
  for (let sequence = 0; sequence < 9_000; sequence++) {
    customer.voice(sequence);
    if (sequence % 500 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  await until('packets over the limit', () => {
    worker.command({ type: 'collectStats' });
    return (lastStats(worker)?.counters.droppedLimit ?? 0) > 0;
  });
  t.ok(worker.alive);
});

t.test('connections that end in the middle of the traffic do no harm', async (t) => {
  const worker = await start(t);
  for (let round = 1; round <= 6; round++) {
    const { customer, technician } = await pair(worker, round);
    worker.command({ type: 'gate', sessionId: round, open: true });
    let sequence = 0;
    const traffic = setInterval(() => {
      for (let count = 0; count < 20; count++) {
        customer.picture(++sequence, sequence === 1);
      }
    }, 2);
    await until('the picture', () => technician.types().length > 50);
    // By the relay, by the browser (which the relay does not hear of for half a minute), and by the end of the
    // session, in turns.
    const before = technician.types().length;
    if (round % 3 === 0) {
      worker.command({ type: 'closePeer', peerId: `t${round}` });
      await worker.event('peerState', `t${round}`, (event) => event.state === 'closed');
    } else if (round % 3 === 1) {
      technician.peer.close();
    } else {
      await until('more of the picture', () => technician.types().length > before + 50);
    }
    clearInterval(traffic);
    worker.command({ type: 'closeSession', sessionId: round });
    customer.peer.close();
  }
  await until('every port to be free', () => {
    worker.command({ type: 'collectStats' });
    return lastStats(worker)?.peers === 0;
  });
  const stats = await worker.freshStats();
  t.same(stats.sessions, []);
  t.ok(worker.alive);
  t.notOk(worker.events.some((event) => event.type === 'fault'));
});

t.test('an exception in our own code stays away from the library, which would abort', async (t) => {
  const faults: string[] = [];
  const portRangeBegin = nextPort;
  nextPort += 100;
  const transport = new Transport(
    {
      portRangeBegin,
      portRangeEnd: portRangeBegin + 99,
      mux: false,
      bindAddress: '127.0.0.1',
      announcedIps: [],
    },
    { ...NO_PACKETS },
    (where, error) => faults.push(`${where}: ${error}`),
  );
  const fail = () => {
    throw new Error('ours');
  };
  const peer = transport.open('throwing', { rtp: fail, rtcp: fail }, { connected: fail, lost: fail });
  const audio = { ssrc: 1, streamId: 'relay', trackId: 'audio', cname: 'relay' };
  const sections = mediaSections('customer', 'VP8', { audio });
  const browser = new Browser('caller', { audio: 5, video: 6 });
  const offer = writeOffer(peer?.pipe ?? noPipe(), sections, { id: 1, version: 1 });
  const result = readAnswer(browser.answer(offer, 'customer'), sections);
  browser.peer.addCandidates('answer' in result ? (peer?.accept(result.answer) ?? []) : []);
  await browser.peer.opened;
  let sequence = 0;
  await until('both faults', () => {
    browser.voice(++sequence);
    return ['peer open: Error: ours', 'peer packet: Error: ours'].every((fault) => faults.includes(fault));
  });
  peer?.close();
  await until('the port to be free', () => transport.size === 0);
  t.ok(true);
});

t.test('the worker ends with its front, by word or by its death', async (t) => {
  const told = await start(t);
  await pair(told, 1);
  t.equal(await told.end(), 0);
  const orphan = await start(t);
  await pair(orphan, 1);
  const exit = once(orphan.child, 'exit');
  orphan.child.disconnect();
  t.same(await exit, [0, null]);
});

t.test('an address that is not of this machine is refused at the start', async (t) => {
  const worker = new TestWorker({ bindAddress: '203.0.113.99' });
  const [code] = await once(worker.child, 'exit');
  t.equal(code, 2);
});

function noPipe(): never {
  throw new Error('The transport made no peer.');
}

function lastStats(worker: TestWorker): WorkerStats | undefined {
  const stats = worker.events.findLast((event) => event.type === 'stats');
  return stats?.type === 'stats' ? stats : undefined;
}
