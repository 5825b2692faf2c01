/**
 * Fuzz target for a browser's answer, through the media session to what libdatachannel would be given: only lines that
 * we wrote and values that were checked. Real: offer, reading of the answer. Faked: the connection.
 */
import { type Answer, readPipe, writePipeAnswer } from '../../relay/negotiation.ts';
import { type FakePeer, mediaScene } from './media-scene.ts';
import { mutatedLines, mutatedText } from './mutate.ts';
import { chance, type Random } from './random.ts';
import type { FuzzTarget } from './target.ts';

const { session, join } = mediaScene(1);
const PEERS: readonly FakePeer[] = [
  join('c-vp8', 'customer', 'VP8'),
  join('c-h264', 'customer', 'H264'),
  join('t-vp8', 'technician', 'VP8'),
  join('t-h264', 'technician', 'H264'),
];
const ANSWERS = PEERS.map((peer) => peer.answer);
const LIBRARY = [
  ...['v=0', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'a=ice-ufrag:abcd', `a=ice-pwd:${'p'.repeat(22)}`],
  ...['a=fingerprint:sha-256 AB:CD', 'a=candidate:1 1 UDP 2122317823 127.0.0.1 20001 typ host'],
].join('\r\n');

/** Longer answers are refused unread; the text goes a little beyond that limit. */
const MAX_LENGTH = 34_000;

function make(random: Random): string {
  const text = chance(random, 60)
    ? mutatedLines(random, ANSWERS, MAX_LENGTH)
    : mutatedText(random, ANSWERS, MAX_LENGTH);
  return chance(random, 20) ? mutatedLines(random, [text], MAX_LENGTH) : text;
}

const LIMITS: Record<string, RegExp> = {
  iceUfrag: /^[\w+/]{4,256}$/,
  icePwd: /^[\w+/]{22,256}$/,
  fingerprint: /^sha-\d{3} [0-9A-F]{2}(:[0-9A-F]{2}){31,63}$/,
  setup: /^(active|passive)$/,
};

function complaintsAboutAnswer(answer: Answer): string[] {
  const values = Object.entries(LIMITS).filter(
    ([name, pattern]) => !pattern.test(String(answer[name as keyof Answer])),
  );
  const complaints = values.map(([name]) => `${name} is not what it has to be`);
  const lines = writePipeAnswer(answer).split('\r\n');
  if (lines.some((line) => /[\r\n]/.test(line)) || lines.length > 30) {
    complaints.push('a line of the answer got through');
  }
  for (const { ssrc = 1, rtxSsrc = 1, payloadTypes } of answer.sections) {
    const inRange = [ssrc, rtxSsrc].every((each) => Number.isInteger(each) && each > 0 && each < 2 ** 32);
    if (!inRange || payloadTypes.some((type) => !(type >= 96 && type <= 127) && type !== 63)) {
      complaints.push('a source or a payload type that cannot be');
    }
  }
  return complaints;
}

export const SDP_TARGET: FuzzTarget = {
  name: 'sdp',
  about: 'answers of browsers',
  decides: true,
  corpora: ['sdp'],
  maxBytes: 40_000,
  seeds: [...ANSWERS, LIBRARY].map((text) => Buffer.from(text)),
  slowestMs: 500,
  make: (random) => Buffer.from(make(random)),
  run: (input) => {
    const text = input.toString();
    const complaints: string[] = [];
    let accepted = false;
    for (const peer of PEERS) {
      const result = session.answer(peer.id, text);
      if ('problem' in result) {
        if (!/^[\w ]{1,40}$/.test(result.problem)) {
          complaints.push(`a problem in the browser's words: ${result.problem}`);
        }
      } else {
        accepted = true;
        complaints.push(...peer.accepted.flatMap(complaintsAboutAnswer));
      }
      peer.accepted.length = 0;
    }
    const pipe = readPipe(text);
    const parts =
      pipe === undefined ? [] : [pipe.iceUfrag, pipe.icePwd, pipe.fingerprint, ...pipe.candidates];
    if (parts.some((part) => part.includes('\n'))) {
      complaints.push('a part of the description with a break in it');
    }
    return { complaints, accepted };
  },
};
