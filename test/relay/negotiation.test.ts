/**
 * The SDP that browsers see and the answers they give. Real: Chromium 156's own answer, recorded. Nothing is faked;
 * no network.
 */
import fc from 'fast-check';
import t from 'tap';
import {
  announceCandidates,
  type MediaSection,
  mediaSections,
  readAnswer,
  readPipe,
  writeOffer,
  writePipeAnswer,
} from '../../relay/negotiation.ts';

const FINGERPRINT = `sha-256 ${Array(32).fill('AB').join(':')}`;
const PIPE = {
  iceUfrag: 'Ao+O',
  icePwd: 'PO1Jf5aV5s9rdK4otlxVnd',
  fingerprint: FINGERPRINT,
  candidates: ['candidate:1 1 UDP 2114977791 192.0.2.2 40002 typ host'],
};
const audio = { ssrc: 11, streamId: 'relay', trackId: 'audio', cname: 'relay' };
const video = { ssrc: 22, streamId: 'relay', trackId: 'video', cname: 'relay' };
const customer = mediaSections('customer', 'VP8', { audio });
const technician = mediaSections('technician', 'VP8', { audio, video });

/** What Chromium 156 answered to the customer's offer, with neither camera nor microphone attached. */
const CHROMIUM_ANSWER = [
  ...['v=0', 'o=- 3103967535920134131 2 IN IP4 127.0.0.1', 's=-', 't=0 0'],
  ...['a=group:BUNDLE 0 1', 'a=msid-semantic: WMS', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0'],
  ...['a=rtcp:9 IN IP4 0.0.0.0', 'a=candidate:1 1 udp 2122260223 192.168.1.5 50001 typ host'],
  ...['a=ice-ufrag:lomF', 'a=ice-pwd:vxlPa0ZoYHwTADQyu5gidWDo', 'a=ice-options:trickle'],
  'a=fingerprint:sha-256 9E:72:F4:8E:2F:A5:85:FE:34:F6:14:FD:E2:66:98:80:1B:3C:BE:A3:20:2F:9E:F4:96:74:9C:31:D0:6A:DC:86',
  ...['a=setup:active', 'a=mid:0'],
  'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
  ...['a=sendrecv', 'a=msid:- da7fb11a-4805-466b-8aa8-cf3324308325', 'a=rtcp-mux', 'a=rtcp-rsize'],
  ...['a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 transport-cc', 'a=fmtp:111 minptime=10;useinbandfec=1'],
  ...['a=ssrc:3613510061 cname:kJ5SoxflqRaDrxws', 'm=video 9 UDP/TLS/RTP/SAVPF 96 97', 'c=IN IP4 0.0.0.0'],
  ...['a=rtcp:9 IN IP4 0.0.0.0', 'a=ice-ufrag:lomF', 'a=ice-pwd:vxlPa0ZoYHwTADQyu5gidWDo'],
  'a=fingerprint:sha-256 9E:72:F4:8E:2F:A5:85:FE:34:F6:14:FD:E2:66:98:80:1B:3C:BE:A3:20:2F:9E:F4:96:74:9C:31:D0:6A:DC:86',
  ...['a=setup:active', 'a=mid:1', 'a=sendonly', 'a=msid:- 00573abc-5d61-4403-a5c4-82a4e0382d8c'],
  ...[
    'a=rtcp-mux',
    'a=rtcp-rsize',
    'a=rtpmap:96 VP8/90000',
    'a=rtcp-fb:96 transport-cc',
    'a=rtcp-fb:96 nack',
  ],
  ...['a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=ssrc-group:FID 1728370229 3416703280'],
  ...['a=ssrc:1728370229 cname:kJ5SoxflqRaDrxws', 'a=ssrc:3416703280 cname:kJ5SoxflqRaDrxws', ''],
].join('\r\n');

const offerTo = (sections: readonly MediaSection[]) => writeOffer(PIPE, sections, { id: 7, version: 1 });
/** Lines of media section `index`. */
const section = (sdp: string, index: number) => sdp.split(/^m=/m)[index + 1]?.split('\r\n') ?? [];

t.test('the offer', async (t) => {
  t.test('to the customer takes the picture and goes both ways with the voice', async (t) => {
    const sdp = offerTo(customer);
    t.match(sdp, /^v=0\r\no=- 7 1 IN IP4 127\.0\.0\.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n/);
    const [voice, picture] = [section(sdp, 0), section(sdp, 1)];
    t.equal(voice[0], 'audio 9 UDP/TLS/RTP/SAVPF 63 111', 'with redundancy where the browser has it');
    t.ok(voice.includes('a=rtpmap:63 red/48000/2') && voice.includes('a=fmtp:63 111/111'));
    t.equal(picture[0], 'video 9 UDP/TLS/RTP/SAVPF 96 97');
    for (const line of ['a=sendrecv', 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1']) {
      t.ok(voice.includes(line), line);
    }
    t.ok(voice.includes('a=ssrc:11 cname:relay') && voice.includes('a=msid:relay audio'));
    t.ok(picture.includes('a=recvonly'));
    t.notOk(
      picture.some((line) => line.startsWith('a=ssrc') || line.startsWith('a=msid:')),
      'the relay sends no picture to the customer',
    );
    for (const feedback of ['nack', 'nack pli', 'ccm fir', 'transport-cc', 'goog-remb']) {
      t.ok(picture.includes(`a=rtcp-fb:96 ${feedback}`), feedback);
    }
    t.ok(
      picture.some((line) => /^a=fmtp:96 x-google-start-bitrate=\d+$/.test(line)),
      'start bitrate',
    );
    for (const lines of [voice, picture]) {
      t.ok(
        lines.includes('a=rtcp-mux') && lines.includes('a=rtcp-rsize') && lines.includes('a=setup:actpass'),
      );
      t.ok(lines.includes(`a=fingerprint:${FINGERPRINT}`) && lines.includes('a=ice-ufrag:Ao+O'));
      t.ok(
        lines.some(
          (line) => line.startsWith('a=extmap:3 ') && line.endsWith('transport-wide-cc-extensions-01'),
        ),
      );
      t.ok(lines.includes('a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid'));
      t.notOk(
        lines.some((line) => line.includes('video-orientation')),
        'the phone has to turn pixels',
      );
    }
  });

  t.test('to the technician sends the picture with its source, in sync with the voice', async (t) => {
    const picture = section(offerTo(technician), 1);
    t.ok(picture.includes('a=sendonly'));
    t.ok(picture.includes('a=ssrc:22 cname:relay') && picture.includes('a=msid:relay video'));
    t.notOk(
      picture.some((line) => line.includes('rtx') || line.includes('x-google')),
      'no retransmissions promised, no start bitrate for one who sends no picture',
    );
  });

  t.test('lets the phone estimate its bandwidth, and the viewer say its own', async (t) => {
    for (const index of [0, 1]) {
      const [phone, viewer] = [section(offerTo(customer), index), section(offerTo(technician), index)];
      for (const lines of [phone, viewer]) {
        t.ok(lines.some((line) => /^a=extmap:2 .*abs-send-time$/.test(line)));
      }
      t.ok(phone.some((line) => /^a=rtcp-fb:\d+ transport-cc$/.test(line)));
      t.notOk(
        viewer.some((line) => /transport-cc|transport-wide/.test(line)),
        'else Chromium sends no REMB',
      );
    }
    t.ok(section(offerTo(technician), 1).includes('a=rtcp-fb:96 goog-remb'));
  });

  t.test('where the relay judges has neither TWCC nor the number that it is about', async (t) => {
    const judged = mediaSections('customer', 'VP8', { audio }, 'receiveSide');
    for (const index of [0, 1]) {
      const lines = section(offerTo(judged), index);
      t.notOk(
        lines.some((line) => /transport-cc|transport-wide/.test(line)),
        'else Chromium goes by what never comes',
      );
      t.ok(lines.some((line) => /^a=extmap:2 .*abs-send-time$/.test(line)));
    }
    t.ok(section(offerTo(judged), 1).includes('a=rtcp-fb:96 goog-remb'));
  });

  t.test('never carries a candidate', async (t) => {
    for (const sections of [customer, technician]) {
      t.notMatch(offerTo(sections), /candidate|192\.0\.2\.2/);
    }
  });

  t.test('with H.264 is constrained baseline in packetization mode 1', async (t) => {
    const picture = section(offerTo(mediaSections('customer', 'H264', { audio })), 1);
    t.equal(picture[0], 'video 9 UDP/TLS/RTP/SAVPF 98 99');
    t.ok(picture.includes('a=rtpmap:98 H264/90000') && picture.includes('a=fmtp:99 apt=98'));
    t.ok(
      picture.some((line) =>
        /^a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f;/.test(line),
      ),
    );
  });

  t.test('with VP9 or AV1 names the profile that every browser with it has', async (t) => {
    const vp9 = section(offerTo(mediaSections('technician', 'VP9', { audio, video })), 1);
    t.ok(vp9.includes('a=rtpmap:100 VP9/90000') && vp9.includes('a=fmtp:100 profile-id=0'));
    const av1 = section(offerTo(mediaSections('technician', 'AV1', { audio, video })), 1);
    t.ok(av1.includes('a=rtpmap:102 AV1/90000') && av1.includes('a=fmtp:102 level-idx=5;profile=0;tier=0'));
  });

  t.test('takes more lines and retransmission sources without a change here', async (t) => {
    const expert: MediaSection = {
      kind: 'audio',
      mid: '2',
      direction: 'sendonly',
      codecs: technician[0]?.codecs ?? [],
      extensions: [],
      stream: { ...audio, ssrc: 33, trackId: 'expert' },
    };
    const withRtx = mediaSections('technician', 'VP8', { audio, video: { ...video, rtxSsrc: 23 } });
    const sdp = offerTo([...withRtx, expert]);
    t.match(sdp, /a=group:BUNDLE 0 1 2\r\n/);
    t.ok(section(sdp, 1).includes('a=ssrc-group:FID 22 23'));
    t.ok(section(sdp, 1).includes('a=rtpmap:97 rtx/90000'));
    t.ok(section(sdp, 2).includes('a=sendonly') && section(sdp, 2).includes('a=ssrc:33 cname:relay'));
  });
});

t.test('an answer', async (t) => {
  t.test('of Chromium is understood', async (t) => {
    const result = readAnswer(CHROMIUM_ANSWER, customer);
    t.match(result, {
      answer: {
        iceUfrag: 'lomF',
        icePwd: 'vxlPa0ZoYHwTADQyu5gidWDo',
        setup: 'active',
        sections: [
          { mid: '0', accepted: true, payloadTypes: [111], ssrc: 3613510061 },
          { mid: '1', accepted: true, payloadTypes: [96, 97], ssrc: 1728370229, rtxSsrc: 3416703280 },
        ],
      },
    });
  });

  t.test('reaches the library as one line without its candidates', async (t) => {
    const result = readAnswer(CHROMIUM_ANSWER, customer);
    if (!('answer' in result)) {
      t.fail('not understood');
      return;
    }
    const sdp = writePipeAnswer(result.answer);
    t.equal(sdp.match(/^m=/gm)?.length, 1);
    t.notMatch(sdp, /candidate|192\.168/);
    t.match(sdp, /a=ice-ufrag:lomF\r\n/);
  });

  t.test('may refuse the picture', async (t) => {
    const refused = CHROMIUM_ANSWER.replace('m=video 9', 'm=video 0');
    const result = readAnswer(refused, customer);
    t.match(result, { answer: { sections: [{ accepted: true }, { accepted: false, payloadTypes: [] }] } });
  });

  t.test('without sources leaves them to be learned', async (t) => {
    const result = readAnswer(CHROMIUM_ANSWER.replace(/^a=ssrc.*\r\n/gm, ''), customer);
    t.ok('answer' in result && result.answer.sections.every((each) => each.ssrc === undefined));
  });

  const swap = (from: string | RegExp, to: string) => CHROMIUM_ANSWER.replaceAll(from, to);
  const unusable: Record<string, unknown> = {
    'no text': undefined,
    'a number': 42,
    'an empty text': '',
    'longer than 32 KiB': CHROMIUM_ANSWER + 'a=x\r\n'.repeat(8_000),
    'more than eight media lines': CHROMIUM_ANSWER + 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'.repeat(7),
    'one media line too few': CHROMIUM_ANSWER.split('m=video')[0],
    'kinds exchanged': swap('m=video', 'm=audio'),
    'another transport': swap('UDP/TLS/RTP/SAVPF', 'RTP/AVP'),
    'every line refused': swap(/^m=(audio|video) 9/gm, 'm=$1 0'),
    'no user fragment': swap(/^a=ice-ufrag.*\r\n/gm, ''),
    'a user fragment with a blank': swap('a=ice-ufrag:lomF', 'a=ice-ufrag:lo mF'),
    'a short password': swap(/a=ice-pwd:.*/g, 'a=ice-pwd:short'),
    'no fingerprint': swap(/^a=fingerprint.*\r\n/gm, ''),
    'a fingerprint cut short': swap(/:DC:86\r/g, '\r'),
    'a weak fingerprint': swap('sha-256', 'md5'),
    'a carriage return in the fingerprint': swap(':DC:86', ':DC:8\r6'),
    'no setup': swap(/^a=setup.*\r\n/gm, ''),
    'an undecided setup': swap('a=setup:active', 'a=setup:actpass'),
  };
  for (const [name, sdp] of Object.entries(unusable)) {
    t.test(`is of no use with ${name}`, async (t) => {
      t.match(readAnswer(sdp, customer), { problem: /./ });
    });
  }

  t.test('of any content neither throws nor puts a foreign line into the library', async (t) => {
    const lines = CHROMIUM_ANSWER.split('\r\n');
    const line = fc.oneof(
      fc.constantFrom(...lines),
      fc.string(),
      fc.tuple(fc.constantFrom(...lines), fc.string({ unit: 'binary' })).map(([a, b]) => a + b),
    );
    const allowed = new RegExp(
      '^(v=0|o=- 1 1 IN IP4 127\\.0\\.0\\.1|s=-|t=0 0|a=group:BUNDLE 0|m=video 9 UDP/TLS/RTP/SAVPF 96|c=IN IP4 0\\.0\\.0\\.0|' +
        'a=ice-ufrag:[\\w+/]{4,256}|a=ice-pwd:[\\w+/]{22,256}|a=fingerprint:sha-(256|384|512) [0-9A-F:]+|' +
        'a=setup:(active|passive)|a=mid:0|a=sendrecv|a=rtcp-mux|a=rtpmap:96 VP8/90000)$',
    );
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.array(line, { maxLength: 60 }), fc.nat(lines.length), (noise, at) => {
          const sdp = [...lines.slice(0, at), ...noise, ...lines.slice(at)].join('\r\n');
          const result = readAnswer(sdp, customer);
          return (
            'problem' in result ||
            writePipeAnswer(result.answer)
              .split('\r\n')
              .every((written) => written === '' || allowed.test(written))
          );
        }),
        { numRuns: 2_000 },
      ),
    );
  });
});

t.test('the description of the pipe is read', async (t) => {
  const sdp = `v=0\r\na=fingerprint:${FINGERPRINT}\r\nm=video 1 X 96\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=candidate:1 x\r\n`;
  t.same(readPipe(sdp), {
    iceUfrag: 'u',
    icePwd: 'p',
    fingerprint: FINGERPRINT,
    candidates: ['candidate:1 x'],
  });
  t.equal(readPipe('v=0\r\n'), undefined);
});

t.test('candidates', async (t) => {
  const own = [
    'candidate:2 1 UDP 2116026111 fd00::2 40004 typ host',
    'candidate:1 1 UDP 2114977791 192.0.2.2 40004 typ host',
  ];
  t.test('are the own ones without announced addresses', async (t) => {
    t.same(announceCandidates(own, []), own);
  });
  t.test('carry the announced addresses with the own port, best first', async (t) => {
    const announced = announceCandidates(own, ['203.0.113.7', '2001:db8::7']);
    t.same(
      announced.map((candidate) => candidate.split(' ').slice(4)),
      [
        ['203.0.113.7', '40004', 'typ', 'host'],
        ['2001:db8::7', '40004', 'typ', 'host'],
      ],
    );
    const [first = 0, second = 0] = announced.map((candidate) => Number(candidate.split(' ')[3]));
    t.ok(first > second && first < 2 ** 31);
  });
});
