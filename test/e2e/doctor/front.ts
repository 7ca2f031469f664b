// A server before another one that answers some requests itself and passes the others on.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

type Answer = { readonly status: number; readonly body: string };

/** @param own null: whoever stands behind answers. @returns the address. */
export async function startFront(
  target: string,
  own: (request: IncomingMessage) => Answer | null,
): Promise<string> {
  const server = createServer((request, response) => {
    const answer = own(request);
    if (answer !== null) {
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
      return;
    }
    const headers = { authorization: request.headers.authorization ?? '' };
    void fetch(new URL(request.url ?? '', target), { headers }).then(async (passed) =>
      response
        .writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? '' })
        .end(await passed.text()),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
