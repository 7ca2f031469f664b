// One row of the switch tables: a rule, and what a client then sees.
import { expect } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import type { Bench } from './harness.ts';

export type SwitchCase = {
  readonly name: string;
  readonly fault: FaultInput;
  /** Asks and expects; the rule is in force. */
  readonly see: (bench: Bench) => Promise<void>;
};

/** A call that the simulator has, by id. */
export const callId = '57dab8b1-894c-409a-b240-bd8beae78896';

/** For conditions that real time brings about: a busy machine takes its time. */
export const patiently = { timeout: 20_000 } as const;

/** A write that applies. */
export const patchStatus = { method: 'PATCH', body: { status: 'completed' } } as const;

/** Expectation: the status of the operation's single GET and a part of its body. */
export function reads(
  expected: { readonly status?: number; readonly body?: unknown },
  afterMs = 0,
): SwitchCase['see'] {
  return async (bench) => {
    const { path } = bench.anOperation();
    bench.advance(afterMs);
    const answer = await bench.send(`/v1.0${path}`);
    expect(answer.status).toBe(expected.status ?? 200);
    expect(answer.json).toMatchObject(expected.body ?? {});
  };
}
