// The life of an operation is a script: what it says, from when on. Status is a pure function of script and time,
// so that the truth is known to the millisecond and never depends on who asked.
import { z } from 'zod';

export const kindNames = ['connectionOperation', 'commsOperation', 'onenoteOperation'] as const;

/** The kinds of operations that the simulator serves. */
export type Kind = (typeof kindNames)[number];

export const kindSchema = z.enum(kindNames);

/** One step: from `afterMs` after the operation's start on, Graph says this. */
export const stepSchema = z.strictObject({
  afterMs: z.number().min(0),
  /** Any JSON value: odd words, null and wrong types are part of the game. */
  status: z.json(),
  error: z.json().optional(),
  resultInfo: z.json().optional(),
  percentComplete: z.json().optional(),
  /** A member added after `unknownFutureValue`: hidden behind it unless the request prefers unknown members. */
  evolved: z.boolean().optional(),
});

export const scriptSchema = z.array(stepSchema).min(1).readonly();

export type Step = Readonly<z.output<typeof stepSchema>>;
export type Script = readonly Step[];

/** Exact casing of the CSDL, by folded word. @see msgraph-metadata, v1.0 CSDL, connectionOperationStatus and operationStatus */
const csdlWords: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  connectionOperation: {
    inprogress: 'inprogress',
    completed: 'completed',
    failed: 'failed',
    unspecified: 'unspecified',
  },
  commsOperation: { notstarted: 'NotStarted', running: 'Running', completed: 'Completed', failed: 'Failed' },
  onenoteOperation: {
    notstarted: 'NotStarted',
    running: 'Running',
    completed: 'Completed',
    failed: 'Failed',
  },
};

const terminalWords: ReadonlySet<string> = new Set(['completed', 'failed', 'succeeded']);

/** How a status word is written. `mixed` draws CSDL or lower camel case anew for each read. */
export const casings = ['csdl', 'lowerCamel', 'upper', 'lower', 'mixed'] as const;
export type Casing = (typeof casings)[number];

/** The word in another casing; values that are no text stay as they are. */
export function recase(kind: Kind, status: unknown, casing: Exclude<Casing, 'mixed'>): unknown {
  if (typeof status !== 'string') {
    return status;
  }
  const csdl = csdlWords[kind][status.toLowerCase()] ?? status;
  switch (casing) {
    case 'csdl':
      return csdl;
    case 'lowerCamel':
      return csdl.charAt(0).toLowerCase() + csdl.slice(1);
    case 'upper':
      return status.toUpperCase();
    case 'lower':
      return status.toLowerCase();
  }
}

/** Index of the step in force; the first step also holds before its own time. */
export function stepIndexAt(script: Script, elapsedMs: number): number {
  let index = 0;
  for (let next = 1; next < script.length && (script[next] as Step).afterMs <= elapsedMs; next++) {
    index = next;
  }
  return index;
}

/** Milliseconds from start to the first terminal word, or undefined when the script never ends. */
export function endOfScript(script: Script): number | undefined {
  return script.find((step) => isTerminalWord(step.status))?.afterMs;
}

export function isTerminalWord(status: unknown): boolean {
  return typeof status === 'string' && terminalWords.has(status.toLowerCase());
}

/** Steps in the order of time. */
export function orderedScript(script: Script): Script {
  return script.toSorted((first, second) => first.afterMs - second.afterMs);
}

/** The words of a kind as Graph most probably writes them, for scripts that nobody gave. */
export const usualWords: Readonly<
  Record<Kind, { readonly running: string; readonly completed: string; readonly failed: string }>
> = {
  connectionOperation: { running: 'inprogress', completed: 'completed', failed: 'failed' },
  commsOperation: { running: 'running', completed: 'completed', failed: 'failed' },
  onenoteOperation: { running: 'Running', completed: 'Completed', failed: 'Failed' },
};

/** Runs for `durationMs`, then completes. */
export function usualScript(kind: Kind, durationMs: number): Script {
  const words = usualWords[kind];
  return [
    { afterMs: 0, status: words.running },
    { afterMs: durationMs, ...usualEnd(kind, 'completed') },
  ];
}

/** What the last step of a kind carries beside its word. */
export function usualEnd(kind: Kind, end: 'completed' | 'failed'): Omit<Step, 'afterMs'> {
  const status = usualWords[kind][end];
  if (kind === 'commsOperation') {
    return end === 'completed'
      ? { status, resultInfo: { code: 200, subcode: 0, message: 'The operation completed.' } }
      : { status, resultInfo: { code: 500, subcode: 8500, message: 'The operation failed.' } };
  }
  if (kind === 'onenoteOperation') {
    return end === 'completed'
      ? { status, percentComplete: '100' }
      : { status, error: { code: '30104', message: 'The notebook could not be copied.' } };
  }
  // Documented failures of this kind carry a message and no code.
  return end === 'completed'
    ? { status }
    : { status, error: { message: 'The schema could not be registered.' } };
}
