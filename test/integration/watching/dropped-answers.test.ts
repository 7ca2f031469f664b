// Storage that can't be trusted, one call after another: nothing is lost, nothing comes under another id, and callers are
// told the truth or 503. Rows of the fault matrix: F-19, F-23, F-29.
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { ProxyMode } from '../../fixtures/storage-proxy.ts';
import { startWatching } from './harness.ts';
import { callerCalls, registrationCalls } from './storage-calls/caller-calls.ts';
import { otherCalls, parkedCalls } from './storage-calls/other-calls.ts';
import { type StorageCall, toldBy } from './storage-calls/storage-call.ts';
import { sweepCalls } from './storage-calls/sweep-calls.ts';

// Most of them only wait for an answer that never comes.
vi.setConfig({ maxConcurrency: 16 });
afterAll(vi.resetConfig);

const modes: readonly ProxyMode[] = ['busy', 'reset', '500', 'hang', 'slow'];
/** Applied after its sender has tried again, or has been told that nobody knows. */
const appliedLate: readonly ProxyMode[] = ['late'];

const storageCalls = [...sweepCalls, ...registrationCalls, ...callerCalls, ...parkedCalls, ...otherCalls];
const reads = storageCalls.filter(({ isRead }) => isRead);
const writes = storageCalls.filter(({ isRead }) => !isRead);

async function survives({ is, isRead, env, scene }: StorageCall, mode: ProxyMode): Promise<void> {
  const watching = await startWatching(env);
  try {
    const { act, told, after } = await scene(watching);
    let spoiled = 0;
    watching.storage.mode = (what, content) => {
      if (!is(what, content) || (spoiled > 0 && isRead !== true)) return 'pass';
      spoiled += 1;
      return mode;
    };
    const answer = await toldBy(act);
    watching.storage.mode = 'pass';
    expect(spoiled).toBeGreaterThan(0);
    expect(told).toContain(answer);
    await after(answer);
  } finally {
    await watching.stop();
  }
}

describe.concurrent.each(writes)('the $call', (row) => {
  test.each([...modes, ...appliedLate])(
    `answered by %s loses nothing and misleads nobody (${row.call})`,
    { timeout: 60_000 },
    (mode) => survives(row, mode),
  );
});

describe.concurrent.each(reads)('the $call', (row) => {
  test.each(modes)(`answered by %s is given up or right (${row.call})`, { timeout: 60_000 }, (mode) =>
    survives(row, mode),
  );
});
