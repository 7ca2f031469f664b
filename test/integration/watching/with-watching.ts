// Each test has its own table, queue, Graph and time, so that all of a file can run side by side.
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
