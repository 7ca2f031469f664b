// The attack list of the proxy over real sockets: requests whose end is told in two ways, bodies that are too large, too
// slow or never end.
import type { Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ConnectionHost, change, connection, startConnectionHost } from './connection-host.ts';

let at: ConnectionHost;
beforeAll(async () => {
  at = await startConnectionHost();
});
afterAll(() => at.stop());
beforeEach(() => at.reset());

const head = `PATCH ${connection} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
const smuggled = `${head}Connection: close\r\nContent-Length: ${change.length}\r\n\r\n${change}`;

describe('A-36: a request whose end is told in two ways', () => {
  test.each([
    ['two lengths', `${head}Content-Length: 0\r\nContent-Length: ${change.length}\r\n\r\n${change}`],
    ['the same length twice', `${head}Content-Length: 17\r\nContent-Length: 17\r\n\r\n${change}`],
    ['two lengths in one header', `${head}Content-Length: 0, 17\r\n\r\n${change}`],
    ['a length and chunks', `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunks and a length', `${head}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`],
    ['chunks by another name', `${head}Transfer-Encoding: xchunked\r\n\r\n`],
    ['chunks that are not the last encoding', `${head}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
    ['a folded header', `${head}X-Long: a\r\n b\r\nContent-Length: 0\r\n\r\n`],
    ['a folded length', `${head}Content-Length:\r\n 0\r\n\r\n`],
    ['a space before the colon', `${head}Content-Length : 0\r\n\r\n`],
    ['bare line feeds', head.replaceAll('\r\n', '\n')],
    ['a length with a sign', `${head}Content-Length: +0\r\n\r\n`],
  ])('is refused by the server, and nothing after it is read: %s', async (_what, text) => {
    expect(await at.host.raw(text + smuggled)).toEqual([400]);
    await at.expectUnharmed();
  });

  test('is not one with a proper end, and what follows is the next', async () => {
    const first = `${head}Content-Length: ${change.length}\r\n\r\n${change}`;
    expect(await at.host.raw(first + smuggled)).toEqual([204, 204]);
    expect(at.seen().length).toBe(2);
  });
});

describe('A-45: a body', () => {
  const chunked = `${head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;

  test.each<[string, string, ((socket: Socket) => void) | undefined, number]>([
    ['one byte too long, with its length', sized(65_537), undefined, 413],
    ['one byte too long, in chunks', `${chunked}10001\r\n${' '.repeat(65_537)}\r\n0\r\n\r\n`, undefined, 413],
    ['that says 200 MB', `${head}Connection: close\r\nContent-Length: 209715200\r\n\r\n{`, undefined, 413],
    [
      'that says 1 MB and stops',
      `${head}Connection: close\r\nContent-Length: 1000000\r\n\r\n{`,
      undefined,
      413,
    ],
    ['of 200 MB in chunks', chunked, (socket) => pour(socket, 200 * 16), 413],
    ['100,000 levels deep', sized(100_000, '['), undefined, 413],
    ['of a million names', sized(1_000_000, '"a":1,'), undefined, 413],
    ['33 levels deep', sized(33, '['), undefined, 400],
  ])('%s is refused while it comes', async (_what, text, more, status) => {
    expect(await at.host.raw(text, more)).toEqual([status]);
    await at.expectUnharmed();
  });

  test.concurrent.each(['', 'Idempotency-Key: slow\r\n'])(
    'of one byte a second is given up, and holds up nobody meanwhile (%j)',
    { timeout: 60_000 },
    async (header) => {
      const slow = `${head}Connection: close\r\n${header}Content-Length: 1000\r\n\r\n{`;
      const callers = Array.from({ length: 20 }, () => at.host.raw(slow, drip));
      const startedMs = performance.now();
      expect(await at.host.send('GET', '/api/health/live')).toMatchObject({ status: 200 });
      expect((await at.host.send('GET', connection)).status).toBe(200);
      expect(performance.now() - startedMs).toBeLessThan(5000);
      expect(new Set((await Promise.all(callers)).flat())).toEqual(new Set([408]));
      expect(at.seen().filter((line) => line.startsWith('PATCH'))).toEqual([]);
    },
  );

  test('that breaks off leaves no trace but its invocation', async () => {
    const before = at.host.lines.length;
    const broken = `${head}Content-Length: 1000\r\n\r\n{`;
    await at.host.raw(broken, (socket) => setImmediate(() => socket.destroy()));
    await at.expectUnharmed();
    expect(at.host.lines.slice(before).filter((line) => line.includes('internal_error'))).toEqual([]);
  });
});

function sized(times: number, filler = ' '): string {
  const body = filler.repeat(times);
  return `${head}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** Chunks of 64 KiB, as fast as they are taken. */
function pour(socket: Socket, chunks: number): void {
  if (chunks === 0 || socket.destroyed) return;
  const next = (): void => pour(socket, chunks - 1);
  if (socket.write(`10000\r\n${' '.repeat(65_536)}\r\n`)) setImmediate(next);
  else socket.once('drain', next);
}

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write(' '), 1000);
  socket.once('close', () => clearInterval(timer));
}
