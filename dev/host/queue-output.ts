// Queue output, committed after the handler succeeded, with the real host's changes to the text: arrays are split, JSON
// is indented, and trailing zeros of instants go. Who needs exact bytes uses the queue's SDK.
import { type QueueClient, RestError } from '@azure/storage-queue';
import type { InvocationResponse, TypedData } from './core-types.ts';
import type { PlannedFunction } from './function-plan.ts';
import type { Connections } from './storage-connection.ts';

export type CommitOutputs = (fn: PlannedFunction, response: InvocationResponse) => Promise<void>;

export function createQueueCommit(connections: Connections, encoding: 'base64' | 'none'): CommitOutputs {
  /** Bindings in parallel, the messages of one binding one by one: a failure half-way leaves the first ones sent. */
  return async (fn, { outputData, returnValue }) => {
    await Promise.all(
      fn.outputs.map(async ({ bindingName, connection, queueName }) => {
        const data =
          bindingName === '$return'
            ? returnValue
            : outputData?.find(({ name }) => name === bindingName)?.data;
        const queue = connections.queues(connection).getQueueClient(queueName);
        for (const text of messageTexts(data)) await send(queue, encodeText(text, encoding));
      }),
    );
  };
}

/** The texts that one binding's value becomes; none for a value that was not set. */
export function messageTexts(data: TypedData | null | undefined): readonly string[] {
  if (data === null || data === undefined) return [];
  if (data.bytes !== undefined) return [Buffer.from(data.bytes).toString('utf8')];
  const text = data.string ?? data.json ?? String(data.int ?? data.double ?? '');
  const value = parse(text);
  if (value === undefined) return [text];
  return Array.isArray(value) ? value.map(rewrite) : [rewrite(value)];
}

/** Sends as the extension does: the queue is made when it is missing. */
export async function send(queue: QueueClient, message: string): Promise<void> {
  try {
    await queue.sendMessage(message);
  } catch (error) {
    if (!(error instanceof RestError && error.code === 'QueueNotFound')) throw error;
    await queue.createIfNotExists();
    await queue.sendMessage(message);
  }
}

function encodeText(text: string, encoding: 'base64' | 'none'): string {
  return encoding === 'base64' ? Buffer.from(text, 'utf8').toString('base64') : text;
}

function rewrite(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, shortenInstant, 2);
}

/** The real host reads instants as dates and writes them without trailing zeros of the fraction. */
function shortenInstant(_name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const instant = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d*?)0+Z$/.exec(value);
  return instant === null ? value : `${instant[1]}${instant[2] === '.' ? '' : instant[2]}Z`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Plain text goes out as it is.
    return undefined;
  }
}
