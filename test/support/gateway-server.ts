/** A real HTTP server in place of an SMS gateway: writes down what it is asked and answers as told. */
import { createServer, type IncomingHttpHeaders } from 'node:http';

export type Asked = { path: string; headers: IncomingHttpHeaders; body: string };
/** `silent` never answers. */
export type Reply = { status: number; body: string } | 'silent';

export type GatewayServer = {
  origin: string;
  asked: Asked[];
  /** One for each call; the last one stays. */
  replies: Reply[];
  close(): Promise<void>;
};

export async function startGateway(...replies: Reply[]): Promise<GatewayServer> {
  const asked: Asked[] = [];
  const left = [...replies];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      asked.push({ path: request.url ?? '', headers: request.headers, body });
      const reply = left.length > 1 ? left.shift() : left[0];
      if (reply !== undefined && reply !== 'silent') {
        response.writeHead(reply.status).end(reply.body);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    asked,
    replies: left,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
