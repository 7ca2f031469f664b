// One exchange over HTTP with whoever is asked, and why there was none, in words. No redirect is followed, no more is
// read than anybody needs, and it ends in time.

export type Exchange =
  | {
      readonly arrived: true;
      readonly status: number;
      readonly headers: Headers;
      readonly text: string;
    }
  | { readonly arrived: false; readonly code: string };

export type Ask = {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly limitMs: number;
};

const maxBytes = 256 * 1024;

export async function exchange(
  url: URL,
  { method = 'GET', headers = {}, body, limitMs }: Ask,
): Promise<Exchange> {
  try {
    const answer = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(limitMs),
      ...(body === undefined ? {} : { body }),
    });
    return { arrived: true, status: answer.status, headers: answer.headers, text: await readText(answer) };
  } catch (error) {
    return { arrived: false, code: faultCode(error) };
  }
}

async function readText({ body }: Response): Promise<string> {
  const stream: AsyncIterable<Uint8Array> | null = body;
  if (stream === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The code of whatever lies deepest under an error, `timeout` for a limit of ours. */
export function faultCode(error: unknown): string {
  let code = 'unknown';
  for (let current = error, depth = 0; current instanceof Error && depth < 8; depth += 1) {
    if (current.name === 'TimeoutError' || current.name === 'AbortError') return 'timeout';
    if ('code' in current && typeof current.code === 'string') code = current.code;
    const [first] = current instanceof AggregateError ? (current.errors as readonly unknown[]) : [];
    current = current.cause ?? first;
  }
  return code;
}

const words: readonly (readonly [codes: RegExp, words: string])[] = [
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'its name is not known here (DNS)'],
  [/^ECONNREFUSED$/, 'nobody listens there'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'the connection was cut'],
  [/timeout|^(ETIMEDOUT|UND_ERR_\w+_TIMEOUT)$/i, 'no answer came in time'],
  [/^E(HOST|NET)UNREACH$/, 'no way leads there'],
  [/^(EPROTO|ERR_SSL_.*)$/, 'it does not speak TLS as expected'],
  [/CERT|ERR_TLS|UNABLE_TO|SELF_SIGNED/, 'its certificate is not trusted here'],
];

/** Why nobody answered: a clause without its subject's name. */
export function faultWords(code: string): string {
  const [, found] = words.find(([codes]) => codes.test(code)) ?? [];
  return found === undefined ? `the call failed (${code})` : `${found} (${code})`;
}

/** What is looked at first when an address can't be reached. */
export function faultFix(code: string, what: string): string {
  if (/^(ENOTFOUND|EAI_AGAIN)$/.test(code))
    return `Look for a typing error in ${what}, or at the name service of this network.`;
  if (code === 'ECONNREFUSED') return `Start what should listen there, or correct ${what}.`;
  if (/CERT|ERR_TLS|UNABLE_TO|SELF_SIGNED/.test(code))
    return `Look at the certificate behind ${what}; NODE_EXTRA_CA_CERTS names an authority of your own.`;
  return `Look at the network between here and there (firewall, proxy, private endpoint), and at ${what}.`;
}
