// What can go wrong between us and Graph: sizes, times, broken connections, answers that lead elsewhere. Whatever it is,
// it is a fault of transport, it ends in time, and the token goes nowhere else. Rows of the fault matrix: F-59, F-61.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createGraphClient } from '../../../src/graph/graph-client.ts';
import {
  answerJson,
  entity,
  type Reading,
  type Script,
  type Server,
  startReading,
  startServer,
  targetOf,
  targetsOf,
} from './harness.ts';

let reading: Reading | undefined;
let elsewhere: Server | undefined;

afterEach(async () => {
  await reading?.stop();
  await elsewhere?.stop();
  reading = undefined;
  elsewhere = undefined;
});

/** Deadline of the tests that are about it; the others have time enough on any machine. */
const limitMs = 400;
const amplyMs = 30_000;

/** The code that a read of one operation gives, and how long it took. */
async function codeOf(
  script: Script,
  withinMs = amplyMs,
): Promise<{ readonly code: unknown; readonly tookMs: number }> {
  reading = await startReading(script, { limitMs: withinMs });
  const startedMs = performance.now();
  const { observations } = await reading.reader.readBatch([targetOf('op1')]);
  const tookMs = performance.now() - startedMs;
  const [seen] = observations.values();
  return { code: seen?.type === 'unreadable' ? seen.code : seen, tookMs };
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
}

/** Writes as long as somebody takes it. */
function writeWithoutEnd(response: ServerResponse, chunk: string): void {
  while (!response.destroyed && response.write(chunk));
  if (!response.destroyed) response.once('drain', () => writeWithoutEnd(response, chunk));
}

describe('an answer', () => {
  test('of ten megabytes is not read to its end', async () => {
    let isCut = false;
    const script: Script = (_request, response) => {
      response.once('close', () => {
        isCut = !response.writableFinished;
      });
      begin(response);
      response.end(JSON.stringify({ responses: [], padding: ' '.repeat(10_000_000) }));
    };
    expect(await codeOf(script)).toMatchObject({ code: 'answer_too_large' });
    await expect.poll(() => isCut).toBe(true);
  });

  test('just within a megabyte is read', async () => {
    const responses = [{ id: 'k1', status: 200, body: { ...entity('op1'), padding: ' '.repeat(1_000_000) } }];
    const { code } = await codeOf((_request, response) => answerJson(response, 200, { responses }));
    expect(code).toMatchObject({ type: 'status', status: 'inprogress' });
  });

  test('without end is cut', async () => {
    const script: Script = (_request, response) => {
      begin(response);
      writeWithoutEnd(response, ' '.repeat(65_536));
    };
    expect(await codeOf(script)).toMatchObject({ code: 'answer_too_large' });
  });

  test('that drips ends with the deadline of the whole exchange', async () => {
    const script: Script = (_request, response) => {
      begin(response);
      const drip = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(drip));
    };
    const { code, tookMs } = await codeOf(script, limitMs);
    expect(code).toBe('timeout');
    expect(tookMs).toBeLessThan(amplyMs);
  });

  test('that never comes ends with the same deadline', async () => {
    const { code, tookMs } = await codeOf(() => undefined, limitMs);
    expect(code).toBe('timeout');
    expect(tookMs).toBeGreaterThan(limitMs * 0.9);
    expect(tookMs).toBeLessThan(amplyMs);
  });

  test.each<{ what: string; script: Script }>([
    { what: 'before it', script: (_request, response) => response.socket?.resetAndDestroy() },
    {
      what: 'in its middle',
      script: (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"responses":[', () => response.socket?.resetAndDestroy());
      },
    },
    {
      what: 'before its announced end',
      script: (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"responses":[]}', () => response.socket?.end());
      },
    },
  ])('whose connection breaks $what is a failed connection', async ({ script }) => {
    expect(await codeOf(script)).toMatchObject({ code: 'connection_failed' });
  });

  test('that is no HTTP is a failed connection', async () => {
    const script: Script = (_request, response) => response.socket?.end('220 mail.example ESMTP\r\n');
    expect(await codeOf(script)).toMatchObject({ code: 'connection_failed' });
  });

  test('of one bad neighbour that is too large spoils no other', async () => {
    const script: Script = ({ method, url }, response) => {
      const body = entity(url.slice(url.lastIndexOf('/') + 1), 'completed');
      const isLarge = method === 'POST' || url.endsWith('/op2');
      answerJson(response, 200, isLarge ? { ...body, padding: ' '.repeat(2_000_000) } : body);
    };
    reading = await startReading(script);
    const { observations } = await reading.reader.readBatch(targetsOf(3));
    const said = [...observations].map(([key, one]) => [
      key,
      one.type === 'unreadable' ? one.code : one.type,
    ]);
    expect(Object.fromEntries(said)).toEqual({ k1: 'status', k2: 'answer_too_large', k3: 'status' });
    await reading.reader.readBatch(targetsOf(3));
    const asked = reading.server.seen.map(({ method }) => method);
    expect(asked).toEqual(['POST', 'GET', 'GET', 'GET', 'POST', 'GET', 'GET', 'GET']);
  });
});

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])(
    'by %i is not followed, and no token is sent there',
    async (status) => {
      elsewhere = await startServer((_request, response) => answerJson(response, 200, { responses: [] }));
      const location = `${elsewhere.root}/v1.0/$batch`;
      const script: Script = (_request, response) => response.writeHead(status, { location }).end();
      expect(await codeOf(script)).toMatchObject({ code: `http_${status}` });
      expect(elsewhere.seen).toEqual([]);
    },
  );

  test('within the same origin is not followed either', async () => {
    const script: Script = (_request, response) => response.writeHead(307, { location: '/v1.0/users' }).end();
    expect(await codeOf(script)).toMatchObject({ code: 'http_307' });
    expect(reading?.server.seen.map(({ url }) => url)).toEqual(['/v1.0/$batch']);
  });

  test('of an item is told by its status and leads nowhere', async () => {
    elsewhere = await startServer((_request, response) => answerJson(response, 200, entity('op1')));
    const headers = { Location: `${elsewhere.root}/x`, 'Content-Location': `${elsewhere.root}/y` };
    const responses = [{ id: 'k1', status: 302, headers, body: null }];
    const script: Script = (_request, response) => answerJson(response, 200, { responses });
    expect(await codeOf(script)).toMatchObject({ code: 'http_302' });
    expect(elsewhere.seen).toEqual([]);
  });
});

describe('a Graph that can not be reached', () => {
  /** A port that nobody listens on. */
  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  async function callTo(root: string) {
    const tokens = { token: () => Promise.resolve('token') };
    const client = createGraphClient({ root, tokens, nowMs: Date.now, limitMs: 5000 });
    const request = { method: 'GET', version: 'v1.0', segments: ['x'], headers: {}, body: null } as const;
    const { answer } = await client.call(request);
    await client.close();
    return answer;
  }

  test('because nobody listens is a failed connection', async () => {
    const answer = await callTo(`http://127.0.0.1:${await freePort()}`);
    expect(answer).toEqual({ arrived: false, code: 'connection_failed' });
  });

  test('because its name leads nowhere is a failed connection', async () => {
    const answer = await callTo('http://graph.invalid');
    expect(answer).toEqual({ arrived: false, code: 'connection_failed' });
  });

  test('because it speaks no TLS is a failed connection, and hears no token', async () => {
    elsewhere = await startServer((_request, response) => answerJson(response, 200, {}));
    const answer = await callTo(elsewhere.root.replace('http:', 'https:'));
    expect(answer).toEqual({ arrived: false, code: 'connection_failed' });
    expect(elsewhere.seen).toEqual([]);
  });
});

describe('a read that we ourselves give up', () => {
  test('says nothing of its operations, in a batch or singly', async () => {
    const giveUp = new AbortController();
    reading = await startReading(({ method }, response, count) => {
      if (count === 1) answerJson(response, 400, null);
      else if (method === 'GET') giveUp.abort();
    });
    const { observations } = await reading.reader.readBatch(targetsOf(3), giveUp.signal);
    expect(observations).toEqual(new Map());
    const asked = reading.server.seen.length;
    expect(await reading.reader.readBatch(targetsOf(3), giveUp.signal)).toMatchObject({
      observations: new Map(),
    });
    expect(reading.server.seen).toHaveLength(asked);
  });

  test('is not what its deadline says', async () => {
    const giveUp = new AbortController();
    reading = await startReading(() => giveUp.abort());
    const { observations, pause } = await reading.reader.readBatch(targetsOf(3), giveUp.signal);
    expect({ observations, pause }).toEqual({ observations: new Map(), pause: null });
  });
});
