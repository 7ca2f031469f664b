// Records of Idempotency-Keys: a partition of their own in the table, each a row that a day makes worthless.
import { z } from 'zod';
import type { Row, Table } from './table.ts';

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};
type StoredRecord = {
  readonly requestHash: string;
  readonly runId: string;
  readonly startedAtMs: number;
  readonly answer: Answer | null;
};

const partition = 'idempotency';
const rowVersion = 1;
/** A text property holds 32 Ki units. */
const partLength = 30_000;
const maxParts = 16;

const recordSchema: z.ZodType<StoredRecord> = z.object({
  requestHash: z.string(),
  runId: z.string(),
  startedAtMs: z.number(),
  answer: z
    .object({ status: z.number(), headers: z.record(z.string(), z.string()), body: z.string() })
    .nullable(),
});

export function createIdempotencyStore(table: Table) {
  return { read, create, replace, remove, removeBefore };

  async function read(id: string): Promise<{ record: StoredRecord; etag: string } | null> {
    const row = await table.get(partition, id);
    const record = row && readRow(row);
    return row && record && { record, etag: row.etag };
  }

  async function create(id: string, record: StoredRecord): Promise<boolean> {
    const properties = writeRow(record);
    return (await table.transact(partition, [{ type: 'create', rowKey: id, properties }])).applied;
  }

  async function replace(id: string, record: StoredRecord, etag: string): Promise<boolean> {
    const properties = writeRow(record);
    return (await table.transact(partition, [{ type: 'replace', rowKey: id, etag, properties }])).applied;
  }

  async function remove(id: string, etag: string): Promise<boolean> {
    return (await table.transact(partition, [{ type: 'delete', rowKey: id, etag }])).applied;
  }

  /** Retention: what is older than the instant is of no use to anybody. */
  async function removeBefore(beforeMs: number): Promise<void> {
    const below = { column: 'startedAt', value: new Date(beforeMs).toISOString() };
    for await (const rows of table.query(partition, { from: '!', to: '~', below, pageSize: 100 })) {
      for (const { rowKey, etag } of rows) await remove(rowKey, etag);
    }
  }
}

/** An answer that no row can hold is left out: it is then one of which nobody knows, and its request is never run again. */
function writeRow(record: StoredRecord): Row['properties'] {
  const whole = JSON.stringify(record);
  const isTooLong = whole.length > partLength * maxParts;
  const text = isTooLong ? JSON.stringify({ ...record, answer: null }) : whole;
  const parts: Record<string, string> = {};
  for (let index = 0; index * partLength < text.length; index += 1) {
    parts[`part${index}`] = text.slice(index * partLength, (index + 1) * partLength);
  }
  return { v: rowVersion, startedAt: new Date(record.startedAtMs).toISOString(), ...parts };
}

function readRow({ properties }: Row): StoredRecord | null {
  if (properties['v'] !== rowVersion) return null;
  let text = '';
  for (let index = 0; index < maxParts; index += 1) text += properties[`part${index}`] ?? '';
  try {
    const parsed = recordSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null; // garbled: as if it were not there
  }
}
