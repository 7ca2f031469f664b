// Runs checks side by side: each begins when those that it needs have ended, is skipped when one of them brought
// nothing to go on with, and never takes longer than its limit. Findings come in the order in which checks were added.
import { redactText } from '../../src/telemetry/redact.ts';
import { type CheckId, catalogue } from './catalogue.ts';
import { fail, isSound, skip, type Verdict } from './verdict.ts';

export type Outcome<T = never> = {
  readonly verdicts: readonly Verdict[];
  /** What checks that need this one go on with; absent: nothing. */
  readonly value?: T | undefined;
};

type Settled<T> = Outcome<T> & {
  /** The check in which a chain of skipped ones began. */
  readonly origin: CheckId;
};

/** A check that was added; others may need it. */
export type Node<T> = { readonly settled: Promise<Settled<T>> };
type Needs = Readonly<Record<string, Node<unknown>>>;
type Values<N extends Needs> = { readonly [Name in keyof N]: N[Name] extends Node<infer T> ? T : never };

export type Finding = Verdict & { readonly id: CheckId };

export type Run = {
  /** @param look gets what the needed checks brought. */
  readonly add: <N extends Needs, T = never>(
    id: CheckId,
    needs: N,
    look: (values: Values<N>) => Outcome<T> | Promise<Outcome<T>>,
  ) => Node<T>;
  /** Resolves when all that was added has ended. */
  readonly findings: () => Promise<readonly Finding[]>;
};

export type Limits = {
  /** Of one check. */
  readonly checkMs: number;
  /** Of all together, from the creation of the run on. */
  readonly totalMs: number;
};

export function createRun({ checkMs, totalMs }: Limits): Run {
  const added: { readonly id: CheckId; readonly settled: Promise<Settled<unknown>> }[] = [];
  const endMs = performance.now() + totalMs;
  return { add, findings };

  function add<N extends Needs, T = never>(
    id: CheckId,
    needs: N,
    look: (values: Values<N>) => Outcome<T> | Promise<Outcome<T>>,
  ): Node<T> {
    const settled = settle(id, needs, look);
    added.push({ id, settled });
    return { settled };
  }

  async function settle<N extends Needs, T>(
    id: CheckId,
    needs: N,
    look: (values: Values<N>) => Outcome<T> | Promise<Outcome<T>>,
  ): Promise<Settled<T>> {
    const values: Record<string, unknown> = {};
    for (const [name, { settled }] of Object.entries(needs)) {
      const { value, origin } = await settled;
      if (value === undefined)
        return { verdicts: [skip(`This is needed first: ${catalogue[origin]} (${origin}).`)], origin };
      values[name] = value;
    }
    const limitMs = Math.max(0, Math.min(checkMs, endMs - performance.now()));
    const outcome = await withinLimit(async () => look(values as Values<N>), limitMs);
    return { ...outcome, origin: id };
  }

  async function findings(): Promise<readonly Finding[]> {
    const all = await Promise.all(
      added.map(async ({ id, settled }) => (await settled).verdicts.map((verdict) => ({ id, ...verdict }))),
    );
    return all.flat();
  }
}

/** Whatever is looked at has limits of its own that say more; this one holds for what has none. */
async function withinLimit<T>(look: () => Promise<Outcome<T>>, limitMs: number): Promise<Outcome<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome<T>>((resolve) => {
    timer = setTimeout(() => resolve({ verdicts: [tooLate] }), limitMs);
  });
  try {
    return await Promise.race([look().catch(broken<T>), late]);
  } finally {
    clearTimeout(timer);
  }
}

const tooLate = fail({
  detail: 'There was no answer in time.',
  fix: 'Look for what holds up connections from here: a firewall, a proxy, name resolution. Then run this again.',
});

/** Told as a finding, so that the other checks are told too. */
function broken<T>(error: unknown): Outcome<T> {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    verdicts: [
      fail({
        detail: `The check itself has failed: ${redactText(message).slice(0, 200)}`,
        fix: 'This is a fault of the doctor: report it with the line above.',
      }),
    ],
  };
}

/** The value goes on only with a verdict that is sound. */
export function outcomeOf<T>(verdict: Verdict, value: T | undefined): Outcome<T> {
  return isSound(verdict) ? { verdicts: [verdict], value } : { verdicts: [verdict] };
}
