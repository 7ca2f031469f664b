// A stranger on loopback: keeps what reaches it, and is not to hear of a token.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type Recorder = {
  readonly url: string;
  readonly seen: () => readonly { readonly line: string; readonly headers: IncomingHttpHeaders }[];
  readonly stop: () => Promise<void>;
};

export async function startRecorder(): Promise<Recorder> {
  const seen: { line: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    // Headers alone would be too much already.
    text(request)
      .then((body) => seen.push({ line: `${method} ${url} ${body}`, headers }))
      .catch(() => seen.push({ line: `${method} ${url}`, headers }))
      .finally(() => response.end('{}'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: () => seen,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
