// Counts the requests that the product makes of its table or queue, from outside. Signatures survive: only the port differs,
// and shared keys sign the path.
import { once } from 'node:events';
import { Agent, createServer, request as httpRequest } from 'node:http';

export type CountingProxy = {
  /** The service's address through the proxy. */
  readonly url: string;
  readonly counts: () => { readonly reads: number; readonly writes: number };
  readonly stop: () => Promise<void>;
};

/** @param onWritten takes the body of each write that was answered with success. */
export async function startCountingProxy(
  target: string,
  onWritten?: (body: string) => void,
): Promise<CountingProxy> {
  const { hostname, port, pathname } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  let reads = 0;
  let writes = 0;
  const server = createServer((request, response) => {
    if (request.method === 'GET') reads += 1;
    else writes += 1;
    const outgoing = httpRequest(
      { hostname, port, path: request.url, method: request.method, headers: request.headers, agent },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        if (request.method !== 'GET' && (answer.statusCode ?? 500) < 300)
          onWritten?.(Buffer.concat(chunks).toString('utf8'));
      },
    );
    outgoing.on('error', () => response.destroy());
    const chunks: Buffer[] = [];
    if (onWritten !== undefined) request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.pipe(outgoing);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${own}${pathname}`,
    counts: () => ({ reads, writes }),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}
