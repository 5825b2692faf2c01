/** Which stills and which words about the picture a page sends and receives over its WebSocket, seen by the browser. */
import type { Page } from 'playwright-core';
import { STILL_FRAME } from '../relay/protocol.ts';

export type SocketWatch = {
  /** `Date.now()` times and sizes of binary frames that carry a still. */
  stillsSent: { atMs: number; bytes: number }[];
  stillsReceived: { atMs: number; bytes: number }[];
  /** What the page said of the picture that it sends (`picture` of relay/protocol.ts). */
  pictures: { atMs: number; mode: string; cause: string }[];
};

type Frame = { response: { opcode: number; payloadData: string } };
const TEXT = 1;
const BINARY = 2;

/** Also for sockets that are open already. */
export async function watchSocket(page: Page): Promise<SocketWatch> {
  const watch: SocketWatch = { stillsSent: [], stillsReceived: [], pictures: [] };
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const noteStill = (list: SocketWatch['stillsSent'], { response }: Frame) => {
    const bytes = Buffer.from(response.payloadData, 'base64');
    if (bytes[0] === STILL_FRAME) {
      list.push({ atMs: Date.now(), bytes: bytes.length });
    }
  };
  session.on('Network.webSocketFrameSent', (frame: Frame) => {
    if (frame.response.opcode === BINARY) {
      noteStill(watch.stillsSent, frame);
    } else if (frame.response.opcode === TEXT && frame.response.payloadData.includes('"picture"')) {
      const message = JSON.parse(frame.response.payloadData) as {
        type?: string;
        picture?: { mode: string; cause: string };
      };
      if (message.type === 'picture' && message.picture) {
        watch.pictures.push({ atMs: Date.now(), ...message.picture });
      }
    }
  });
  session.on('Network.webSocketFrameReceived', (frame: Frame) => {
    if (frame.response.opcode === BINARY) {
      noteStill(watch.stillsReceived, frame);
    }
  });
  return watch;
}
