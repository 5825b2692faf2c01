/**
 * Byte vectors for the codec tests: packets that Chromium 156 sent (fake camera, recorded while it talked to a relay
 * made of these very functions), dissected by hand, and the start numbers that every test of a wrapping counter runs
 * through. PLI, FIR and BYE are written by hand.
 */

/** Around every width at which a counter, a mask or a chunk could turn over. */
export const START_NUMBERS: readonly number[] = [0, 1, 127, 128, 511, 512, 32767, 32768, 65407, 65534, 65535];

/** Bytes from hexadecimal digits; spaces are for the reader. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

/** First packet of a 480x270 VP8 keyframe (payload cut short): sequence number 0x57a2, transport-wide number 2. */
export const VP8_KEYFRAME_PACKET = hex(`
  90 e0 57a2 10d0bd04 9d737c9e
  bede 0008  22 3da398  41 0002  90 30  83 06060610  30 00  7c 01000d00150015001900000000  0000
  90 80 fff1  b03000 9d012a e001 0e01 3953001e1c22161622661220a408
`);

/** A delta frame of the same stream. */
export const VP8_DELTA_PACKET = hex(`
  90 e0 57a4 10d0e1ee 9d737c9e
  bede 0003  22 3e4ab7  41 000d  90 30  000000
  90 80 fff3  f11100e4a91fb8e77fa747a7d88517f1da403d519cbff92c692b973e
`);

/** Retransmission number 0x1d9c of packet 0x7476 (payload cut short). */
export const VP8_RTX_PACKET = hex(`
  90 e1 1d9c 4a94b980 08aefbec
  bede 0008  22 cec415  30 00  41 0004  7c 010002000e000e001e00000000  83 06060610  90 30  0000
  7476  80 80 8ff7 0425ca651fe6d39136b0c8eb71b365274b9d
`);

/** STAP-A with SPS and PPS of a 320x180 constrained-baseline picture, and the single NAL unit of its IDR slice. */
export const H264_PARAMETER_SETS_PACKET = hex(`
  90 6c 2e49 1c6874c5 827505b3
  bede 0003  22 83201d  41 0002  90 30  000000
  78  0013 6742c0158c8d40a0cbcf350606060784423500  0004 68ce3c80
`);
export const H264_IDR_PACKET = hex(`
  90 ec 2e4a 1c6874c5 827505b3
  bede 0003  22 8321c5  41 0003  90 30  000000
  65 b80004000008fcbfff5140004026bf5eaba8e00020a3
`);

/** Sent on 2026-11-22 at 15:48:33 UTC: 51 packets, 35 721 bytes. */
export const SENDER_REPORT_PACKET = hex('80c80006 9d737c9e eead8d51 149f6230 10d31144 00000033 00008b89');
export const SDES_PACKET = hex('81ca0006 9d737c9e 01 10 525149427952464a453073612f66616a 0000');
/** Two blocks: an RTX stream of which nothing is missing, and the video with 63/256 lost. */
export const RECEIVER_REPORT_PACKET = hex(`
  82c9000d 00000001
  028757b3 00 000000 00000001 00000000 00000000 00000000
  028757b2 3f 000001 00007484 000001d2 00000000 00000000
`);
export const NACK_PACKET = hex('81cd0003 00000001 028757b2  7481 0000');
/** 170 046 bit/s for two SSRCs. */
export const REMB_PACKET = hex('8fce0006 00000001 00000000 52454d42 02 02983e 028757b2 028757b3');
/** Base 2, ten statuses: 2, 3 and 11 arrived, 4–10 did not; P bit and three bytes of padding. */
export const TWCC_PACKET = hex('afcd0006 00000001 028757b2 0002 000a 0096df 00  b010  e8 1c 70 000003');

export const PLI_PACKET = hex('81ce0002 00000001 028757b2');
export const FIR_PACKET = hex('84ce0004 00000001 00000000  028757b2 07 000000');
export const BYE_PACKET = hex('81cb0001 9d737c9e');

export const RTP_PACKETS: Record<string, Buffer> = {
  'VP8 keyframe': VP8_KEYFRAME_PACKET,
  'VP8 delta frame': VP8_DELTA_PACKET,
  'VP8 retransmission': VP8_RTX_PACKET,
  'H.264 parameter sets': H264_PARAMETER_SETS_PACKET,
  'H.264 IDR slice': H264_IDR_PACKET,
};

export const RTCP_PACKETS: Record<string, Buffer> = {
  'sender report': SENDER_REPORT_PACKET,
  'source description': SDES_PACKET,
  'receiver report': RECEIVER_REPORT_PACKET,
  NACK: NACK_PACKET,
  REMB: REMB_PACKET,
  TWCC: TWCC_PACKET,
  PLI: PLI_PACKET,
  FIR: FIR_PACKET,
  BYE: BYE_PACKET,
};

/** RFC 5769 2.1: a binding request under the password `VOkJxbRl1RmTxUk/WvJxBt`. */
export const SAMPLE_REQUEST = hex(`
  0001 0058 2112a442 b7e7a701bc34d686fa87dfae
  8022 0010 5354554e207465737420636c69656e74  0024 0004 6e0001ff  8029 0008 932ff9b151263b36
  0006 0009 6576746a3a68367659 202020  0008 0014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
  8028 0004 e57a3bcf
`);

/** RFC 5769 2.2: its answer, which says 192.0.2.1 port 32853. */
export const SAMPLE_RESPONSE = hex(`
  0101 003c 2112a442 b7e7a701bc34d686fa87dfae
  8022 000b 7465737420766563746f72 20  0020 0008 0001a147e112a643
  0008 0014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7  8028 0004 c07d4c96
`);
