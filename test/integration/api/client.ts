// A bare HTTP client: what is asked goes out as it is written, also paths and methods that others would tidy up or
// refuse, and an answer that comes before the whole body was sent is still an answer.
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Parsed body; an empty object for a body that is no JSON object. */
  readonly json: Readonly<Record<string, unknown>>;
};

export type Asked = {
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
  /** Without a length, in pieces. */
  readonly isChunked?: boolean;
};

export type Client = {
  readonly send: (method: string, path: string, asked?: Asked) => Promise<Answer>;
  readonly close: () => void;
};

const pieces = 4;

export function createClient(origin: string): Client {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(origin);

  async function send(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const body = asked.body === undefined ? null : bytesOf(asked.body);
    const headers: Record<string, string> = {
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...(body === null || asked.isChunked ? {} : { 'content-length': String(body.length) }),
      ...asked.headers,
    };
    const outgoing = httpRequest({ agent, hostname, port, method, path, headers });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.on('error', reject); // after an answer it says only that the rest of the body was not wanted
    });
    if (body !== null && asked.isChunked) {
      const size = Math.ceil(body.length / pieces) || 1;
      for (let start = 0; start < body.length; start += size)
        outgoing.write(body.subarray(start, start + size));
    }
    outgoing.end(body === null || asked.isChunked ? undefined : body);
    return answerOf(await answered);
  }

  return { send, close: () => agent.destroy() };
}

async function answerOf(incoming: IncomingMessage): Promise<Answer> {
  const body = await text(incoming);
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const);
  return {
    status: incoming.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    text: body,
    json: objectOf(body),
  };
}

function bytesOf(body: unknown): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function objectOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {}; // the tests look at the text then
  }
}
