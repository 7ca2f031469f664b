// Writes an answer to the wire: plainly, or cut, dripping, padded or without end.
import type { ServerResponse } from 'node:http';
import type { SwitchParameters } from './faults.ts';
import type { Answer, Exchange } from './protocol.ts';

/** Timers under way; all are cleared when the simulator stops. */
export type Timers = Set<NodeJS.Timeout>;

/** What happens to an answer on its way. */
export type Shape = {
  readonly truncate?: SwitchParameters<'truncate'> | undefined;
  readonly slow?: SwitchParameters<'slow'> | undefined;
  readonly big?: SwitchParameters<'big'> | undefined;
  readonly endless?: SwitchParameters<'endless'> | undefined;
};

/** Writes the answer with Graph's usual headers. */
export function sendAnswer(response: ServerResponse, answer: Answer, exchange: Exchange): void {
  const text = textOf(answer);
  writeHead(response, { answer, exchange, length: text === undefined ? 0 : Buffer.byteLength(text) });
  response.end(text);
}

/** Writes the answer in a bad shape. */
export function sendShaped(
  response: ServerResponse,
  sending: {
    readonly answer: Answer;
    readonly exchange: Exchange;
    readonly shape: Shape;
    readonly timers: Timers;
  },
): void {
  const { answer, exchange, shape, timers } = sending;
  const whole = Buffer.from(textOf(answer) ?? '');
  if (shape.endless) {
    writeHead(response, { answer, exchange });
    pourSpaces(response, whole.subarray(0, -1));
    return;
  }
  const padded = shape.big
    ? Buffer.concat([whole, Buffer.alloc(Math.max(0, shape.big.bytes - whole.length), ' ')])
    : whole;
  const cut = shape.truncate
    ? padded.subarray(0, shape.truncate.keepBytes ?? Math.floor(padded.length / 2))
    : padded;
  const announcedLength = shape.truncate?.reset ? padded.length : cut.length;
  writeHead(response, { answer, exchange, length: announcedLength });
  if (shape.slow) {
    drip(response, { bytes: cut, bytesPerSecond: shape.slow.bytesPerSecond, timers });
    return;
  }
  if (shape.truncate?.reset) {
    // Not a hard reset, which could overtake the bytes before it: the stream ends short of its announced length.
    response.write(cut, () => response.socket?.destroySoon());
    return;
  }
  response.end(cut);
}

function textOf(answer: Answer): string | undefined {
  return answer.body === undefined || typeof answer.body === 'string'
    ? answer.body
    : JSON.stringify(answer.body);
}

type Head = { readonly answer: Answer; readonly exchange: Exchange; readonly length?: number };

function writeHead(response: ServerResponse, { answer, exchange, length }: Head): void {
  const hasBodyHeaders = length !== undefined && answer.status !== 204 && answer.status !== 304;
  response.writeHead(answer.status, {
    Date: new Date(exchange.arrivedAtMs).toUTCString(),
    'request-id': exchange.requestId,
    'client-request-id': exchange.clientRequestId,
    'x-ms-ags-diagnostic':
      '{"ServerInfo":{"DataCenter":"Simulated","Slice":"E","Ring":"5","ScaleUnit":"000","RoleInstance":"SIM"}}',
    ...answer.headers,
    ...(hasBodyHeaders ? { 'Content-Length': length } : {}),
  });
}

/** Spaces are legal in JSON before its last brace, so that only a limit of size or time can end the reading. */
function pourSpaces(response: ServerResponse, beginning: Buffer): void {
  const spaces = Buffer.alloc(65_536, ' ');
  response.write(beginning);
  const pour = (): void => {
    while (!response.destroyed && response.write(spaces)) {
      // The socket takes more; `drain` calls again once it is full.
      if (response.writableLength > 1_000_000) {
        break;
      }
    }
  };
  response.on('drain', () => setImmediate(pour));
  pour();
}

function drip(
  response: ServerResponse,
  flow: { readonly bytes: Buffer; readonly bytesPerSecond: number; readonly timers: Timers },
): void {
  const { bytes, bytesPerSecond, timers } = flow;
  let sent = 0;
  const timer = setInterval(() => {
    if (response.destroyed || sent >= bytes.length) {
      clearInterval(timer);
      timers.delete(timer);
      response.end();
      return;
    }
    response.write(bytes.subarray(sent, sent + 1));
    sent += 1;
  }, 1000 / bytesPerSecond);
  timers.add(timer);
  response.once('close', () => {
    clearInterval(timer);
    timers.delete(timer);
  });
  response.flushHeaders();
}
