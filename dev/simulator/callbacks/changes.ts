// The changes of an operation, read off its script: a pure function, so that nobody has to watch for them.
import { isDeepStrictEqual } from 'node:util';
import type { ChangeType } from '../faults.ts';
import type { Operation } from '../operations.ts';
import { isTerminalWord, type Step } from '../scripts.ts';

/** A step that says something new. */
export type Change = {
  readonly step: Step;
  /** Its place in the script, which grows from change to change. */
  readonly index: number;
  readonly atMs: number;
  readonly changeType: ChangeType;
};

/** What has been told of an operation: nothing before `fromMs`, and these steps. */
type Told = { readonly fromMs: number; readonly steps: ReadonlySet<Step> };

/** The earliest change that was not told yet; undefined when the script holds no other. */
export function nextChange(operation: Operation, told: Told): Change | undefined {
  const { script, startMs } = operation;
  if (startMs === null) {
    return undefined;
  }
  const index = script.findIndex(
    (step, at) =>
      startMs + step.afterMs >= told.fromMs && !told.steps.has(step) && differs(step, script[at - 1]),
  );
  const step = script[index];
  return step && { step, index, atMs: startMs + step.afterMs, changeType: changeTypeOf(step.status, index) };
}

/** An end is announced as deleted. @see Microsoft Graph documentation, commsOperation */
export function changeTypeOf(status: unknown, index: number): ChangeType {
  if (isTerminalWord(status)) {
    return 'deleted';
  }
  return index === 0 ? 'created' : 'updated';
}

function differs(step: Step, earlier: Step | undefined): boolean {
  return (
    !earlier ||
    !isDeepStrictEqual(step.status, earlier.status) ||
    !isDeepStrictEqual(step.resultInfo, earlier.resultInfo)
  );
}
