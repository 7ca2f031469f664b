// A small JSON document of an issuer (its configuration, its keys): no redirects, little time, few bytes.

const limitMs = 2000;
/** Entra's own key set has some 20 KB. */
const maxBytes = 256 * 1024;

/** @throws when the URL does not give JSON with 200 within two seconds. */
export async function fetchJson(url: URL): Promise<unknown> {
  const answer = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(limitMs),
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`status ${answer.status}`);
  }
  return JSON.parse(await readText(answer));
}

async function readText({ body }: Response): Promise<string> {
  const stream: AsyncIterable<Uint8Array> | null = body;
  if (stream === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
