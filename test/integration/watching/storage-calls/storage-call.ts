// What a test needs to spoil one call of storage: how the call is known, by what the product comes to it, what its caller may
// be told, and what holds afterwards.
import { expect } from 'vitest';
import { AppError } from '../../../../src/domain/errors.ts';
import { parseResource } from '../../../../src/domain/resources.ts';
import { present } from '../../../fixtures/present.ts';
import type { WatchedEvent, Watching } from '../harness.ts';
import { orderly, settle } from '../settle.ts';

export type Scene = {
  readonly act: () => Promise<unknown>;
  /** What its caller may be told; `refused` is answered 503. */
  readonly told: readonly string[];
  /** When storage is well again. @param told what the caller was told. */
  readonly after: (told: string) => Promise<void>;
};

export type StorageCall = {
  readonly call: string;
  /** Whether it is a request of this call: `table POST`, and its address and body. */
  readonly is: (what: string, content: string) => boolean;
  /** Reads are repeated a little by the SDK, so all of them are spoiled. */
  readonly isRead?: true;
  readonly env?: Readonly<Record<string, string>>;
  readonly scene: (watching: Watching) => Promise<Scene>;
};

export const sweepTold = ['done', 'refused'] as const;

export const post = (what: string): boolean => what === 'table POST';
export const get = (what: string): boolean => what === 'table GET';

export async function eachEndedOnce(
  watching: Watching,
  count: number,
  kind: 'connectionOperation' | 'commsOperation' = 'connectionOperation',
): Promise<void> {
  const events: WatchedEvent[] = [];
  await settle(watching, { count, events, kind });
  expect(orderly(events).map(({ data }) => data.current.state)).toEqual(Array(count).fill('succeeded'));
}

export function nameNew(
  watching: Watching,
  kind: 'connectionOperation' | 'commsOperation' = 'connectionOperation',
) {
  const { path } = watching.simulator.control.addOperation({
    kind,
    script: [{ afterMs: 0, status: kind === 'commsOperation' ? 'running' : 'inprogress' }],
  });
  return present(parseResource(path, watching.app.home));
}

export function track(
  { app }: Watching,
  named: ReturnType<typeof nameNew>,
  restartAfter: number | null = null,
): ReturnType<Watching['app']['flows']['track']> {
  const what = { label: null, metadata: {}, deadlineMs: null, restartAfter } as const;
  return app.flows.track({ named, ...what, trackedBy: 'api' });
}

/** What a caller is told: the flow's own word, or that storage gave no answer. */
export async function toldBy(act: () => Promise<unknown>): Promise<string> {
  try {
    const result = await act();
    return typeof result === 'object' && result !== null && 'outcome' in result
      ? String(result.outcome)
      : 'done';
  } catch (error) {
    if (error instanceof AppError && error.code === 'storage_busy') return 'refused';
    throw error;
  }
}
