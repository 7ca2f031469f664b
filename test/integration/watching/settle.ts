// How a test comes to rest: sweeps until all that was committed is published, and looks at what consumers got.
import { expect, vi } from 'vitest';
import type { WatchedEvent, Watching } from './harness.ts';

/** Leftovers are 15 seconds old before a sweep sends them. */
export const untilOldMs = 16_000;

/** A sweep that storage does not answer fails; the next one comes. */
export async function sweepOrFail(
  { sweep }: Pick<Watching, 'sweep'>,
  kind?: Parameters<Watching['sweep']>[0],
) {
  await sweep(kind).catch(() => undefined);
}

/** Sweeps until so many events have come. @param events those that were taken before; the new ones are added. */
export async function settle(
  watching: Watching,
  { count, events, kind }: { count: number; events: WatchedEvent[]; kind?: Parameters<Watching['sweep']>[0] },
): Promise<void> {
  await vi.waitUntil(
    async () => {
      watching.advance(untilOldMs);
      await sweepOrFail(watching, kind);
      events.push(...(await watching.takeEvents()));
      return new Set(events.map(({ id }) => id)).size >= count;
    },
    { interval: 0, timeout: 40_000 },
  );
}

/** Copies have the same bytes, and sequences have no gap. @returns the events without copies, by key and sequence. */
export function orderly(events: readonly WatchedEvent[]): readonly WatchedEvent[] {
  const texts = new Map<string, string>();
  for (const event of events) {
    const text = JSON.stringify(event);
    expect(texts.get(event.id) ?? text).toBe(text);
    texts.set(event.id, text);
  }
  const all = [...texts.values()].map((text) => JSON.parse(text) as WatchedEvent);
  const byKey = Map.groupBy(all, ({ data }) => data.key);
  return [...byKey.values()].flatMap((own) => {
    const inOrder = own.toSorted((one, other) => one.data.sequence - other.data.sequence);
    expect(inOrder.map(({ data }) => data.sequence)).toEqual(inOrder.map((_one, index) => index + 1));
    return inOrder;
  });
}
