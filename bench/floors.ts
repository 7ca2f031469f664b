// The floor, as a process of its own: what no poller can go below. The JSON loop makes requests of twenty and parses
// answers as Graph gives them, without a wire; the undici loop sends them, without anything around it.
import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';

export type Floors = { readonly jsonUsPerPoll: number; readonly undiciUsPerPoll: number };

const batchSize = 20;
const warmUpBatches = 2000;
const jsonBatches = 10_000;
const undiciBatches = 2000;
const underWay = 100;

if (import.meta.main) {
  const [graphUrl = '', ...paths] = process.argv.slice(2);
  const pool = new Pool(graphUrl, { connections: underWay });
  const chunks = Array.from({ length: Math.floor(paths.length / batchSize) }, (_, index) =>
    paths.slice(index * batchSize, (index + 1) * batchSize),
  );
  const answers = await Promise.all(chunks.map((chunk) => ask(pool, bodyOf(chunk))));
  repeatJson(chunks, answers, warmUpBatches);
  const json = await cpuUs(async () => repeatJson(chunks, answers, jsonBatches));
  await repeatUndici(pool, chunks, warmUpBatches / 10);
  const undici = await cpuUs(() => repeatUndici(pool, chunks, undiciBatches));
  await pool.close();
  const floors: Floors = {
    jsonUsPerPoll: json / (jsonBatches * batchSize),
    undiciUsPerPoll: undici / (undiciBatches * batchSize),
  };
  process.stdout.write(`${JSON.stringify(floors)}\n`);
}

function bodyOf(paths: readonly string[]): string {
  const requests = paths.map((url, index) => ({
    id: String(index),
    method: 'GET',
    url,
    headers: { 'client-request-id': randomUUID() },
  }));
  return JSON.stringify({ requests });
}

function repeatJson(chunks: readonly (readonly string[])[], answers: readonly string[], count: number): void {
  for (let index = 0; index < count; index += 1) {
    const place = index % chunks.length;
    const sent = bodyOf(chunks[place] ?? []);
    const parsed = JSON.parse(answers[place] ?? '') as { readonly responses: readonly unknown[] };
    if (sent.length === 0 || parsed.responses.length !== batchSize) throw new Error('not what was asked for');
  }
}

async function repeatUndici(
  pool: Pool,
  chunks: readonly (readonly string[])[],
  count: number,
): Promise<void> {
  let begun = 0;
  await Promise.all(Array.from({ length: underWay }, work));

  async function work(): Promise<void> {
    while (begun < count) {
      const chunk = chunks[begun % chunks.length] ?? [];
      begun += 1;
      JSON.parse(await ask(pool, bodyOf(chunk)));
    }
  }
}

async function ask(pool: Pool, body: string): Promise<string> {
  const answer = await pool.request({
    path: '/v1.0/$batch',
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body,
  });
  return answer.body.text();
}

async function cpuUs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
