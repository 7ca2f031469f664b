// Each test has its own table, queue, Graph and time, so that all of a file can run side by side.
import { expect } from 'vitest';
import { startWatching, type Watching } from './harness.ts';

/** Runs the work, in which only `advance` moves the time, and takes everything down, whatever became of it. */
export async function withWatching(
  work: (watching: Watching) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const watching = await startWatching(env, 'stopped');
  try {
    await work(watching);
  } finally {
    await watching.stop();
  }
}

/** What Graph was asked since the last look: a list of paths for each request. */
export function readsOf({ simulator }: Watching): readonly (readonly string[])[] {
  const requests = simulator.control.requests().map(({ method, path, body }) => {
    const { requests: items } = (body ?? {}) as { requests?: readonly { readonly url: string }[] };
    return method === 'POST' ? (items ?? []).map(({ url }) => url) : [path.replace(/^\/(v1\.0|beta)/, '')];
  });
  return requests;
}

/** Operations that were seen running; their events are taken, and they are due again. */
export async function running(watching: Watching, count: number) {
  const operations = await watching.begin(count);
  await watching.sweep();
  let taken = (await watching.takeNewEvents()).length;
  // A machine under load may take longer than we wait for the queue; what is left is sent after 15 seconds.
  for (let again = 0; again < 5 && taken < count; again += 1) {
    watching.advance(16_000);
    await watching.sweep();
    taken += (await watching.takeNewEvents()).length;
  }
  expect(taken).toBe(count);
  watching.advance(2000);
  return operations;
}

/** What the next good answer brings to operations that have completed meanwhile. */
export async function recovers(
  watching: Watching,
  operations: readonly { readonly key: string; readonly path: string }[],
) {
  watching.simulator.control.clearFaults();
  watching.setAll(operations, 'completed');
  watching.advance(5 * 60_000);
  await watching.sweep();
  const events = await watching.takeNewEvents();
  expect(events.map(({ data }) => data.key).toSorted()).toEqual(operations.map(({ key }) => key).toSorted());
  for (const { data } of events) {
    expect(data).toMatchObject({
      sequence: 2,
      previous: { state: 'running', status: 'inprogress' },
      current: { state: 'succeeded', status: 'completed' },
    });
  }
}

export async function healthOf(watching: Watching, operations: readonly { readonly key: string }[]) {
  const views = await Promise.all(operations.map(({ key }) => watching.find(key)));
  return views.map(({ state, status, health }) => `${state} ${status} ${health.status} ${health.code}`);
}
