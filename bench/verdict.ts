// The verdict on a run: events against what really happened.
import type { QueueClient } from '@azure/storage-queue';

export type Event = {
  readonly id: string;
  readonly time: string;
  readonly data: {
    readonly sequence: number;
    readonly terminal: boolean;
    readonly current: { readonly status: string | null };
    readonly resource: { readonly path: string };
  };
};

export type Truth = readonly {
  readonly path: string;
  readonly changes: readonly { readonly status: unknown; readonly atMs: number }[];
}[];

/** Takes everything from the queue. */
export async function readQueue(queue: QueueClient): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (;;) {
    const { receivedMessageItems } = await queue.receiveMessages({
      numberOfMessages: 32,
      visibilityTimeout: 600,
    });
    if (receivedMessageItems.length === 0) return events;
    for (const { messageText } of receivedMessageItems) {
      events.push(JSON.parse(Buffer.from(messageText, 'base64').toString('utf8')) as Event);
    }
  }
}

/** @param window.settledBeforeMs what changed before it must have been seen. */
export function judgeEvents(
  events: readonly Event[],
  truth: Truth,
  window: { readonly settledBeforeMs: number },
): { readonly problems: readonly string[]; readonly latenessMs: readonly number[] } {
  const problems: string[] = [];
  const latenessMs: number[] = [];
  const ids = new Set(events.map(({ id }) => id));
  if (ids.size !== events.length) problems.push(`${events.length - ids.size} events came twice`);
  const byPath = Map.groupBy(events, ({ data }) => data.resource.path);
  for (const { path, changes } of truth) {
    const own = (byPath.get(path) ?? []).toSorted((one, other) => one.data.sequence - other.data.sequence);
    let place = 0;
    for (const { time, data } of own) {
      place = changes.findIndex(({ status }, index) => index >= place && status === data.current.status);
      const change = changes[place];
      if (change === undefined || change.atMs > Date.parse(time) + 1000) {
        problems.push(`${path}: "${data.current.status}" was invented`);
        break;
      }
      if (data.terminal) latenessMs.push(Date.parse(time) - change.atMs);
    }
    const last = changes.at(-1);
    const mustBeSeen = last !== undefined && last.atMs < window.settledBeforeMs;
    if (mustBeSeen && own.at(-1)?.data.current.status !== last.status)
      problems.push(`${path}: "${String(last.status)}" was lost`);
  }
  return { problems, latenessMs };
}
