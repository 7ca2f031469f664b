// Fills the world with many operations at once, their durations drawn from a seeded family: the bench's workload.
import { z } from 'zod';
import type { OperationInput } from './operations.ts';
import { createRandom, type Random, randomGuid, randomHex } from './random.ts';
import { type Kind, kindSchema, type Script, usualEnd, usualWords } from './scripts.ts';

export const durationFamilies = ['fixed', 'uniform', 'lognormal', 'bimodal', 'exponential'] as const;
type DurationFamily = (typeof durationFamilies)[number];

const loadSchema = z.strictObject({
  kind: kindSchema,
  count: z.int().min(1).max(1_000_000),
  /** Operations that share one connection, call or owner. */
  perParent: z.int().min(1).default(20),
  family: z.enum(durationFamilies).default('exponential'),
  meanMs: z.number().positive().default(600_000),
  /** Words before the end, which share the duration evenly; the kind's running word when absent. */
  stages: z.array(z.json()).min(1).optional(),
  failedShare: z.number().min(0).max(1).default(0),
  seed: z.int().default(1),
  /** True: the operations wait for `arm`. */
  waits: z.boolean().default(true),
  /** Starts are spread evenly over this time. */
  startSpreadMs: z.number().min(0).default(0),
  /** Begins the ids of the parents; letters and digits. */
  prefix: z.string().default('bench'),
});
export type LoadInput = z.input<typeof loadSchema>;
type Load = z.output<typeof loadSchema>;

/** The operations of a load; the same input gives the same ones, in any run. */
export function* operationsOf(input: LoadInput, nowMs: number): Generator<OperationInput> {
  const load = loadSchema.parse(input);
  const random = createRandom(load.seed);
  let parent = '';
  for (let index = 0; index < load.count; index++) {
    if (index % load.perParent === 0) {
      parent = parentOf(load, index / load.perParent, random);
    }
    const offsetMs = (load.startSpreadMs * index) / load.count;
    const start = load.waits ? { startMs: null, startOffsetMs: offsetMs } : { startMs: nowMs + offsetMs };
    const id = load.kind === 'connectionOperation' ? `1.neu.${randomHex(random, 32)}` : randomGuid(random);
    yield { kind: load.kind, parent, id, script: scriptOf(load, random), ...start };
  }
}

/** One duration of a family with the given mean, in milliseconds. */
export function drawDurationMs(family: DurationFamily, meanMs: number, random: Random): number {
  switch (family) {
    case 'fixed':
      return meanMs;
    case 'uniform':
      return meanMs * 2 * random();
    case 'exponential':
      return -meanMs * Math.log(1 - random());
    case 'lognormal': {
      // Sigma 0.5: most durations within a factor of two of the median, as 5 to 15 minutes for a schema.
      const sigma = 0.5;
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      return meanMs * Math.exp(sigma * normal - (sigma * sigma) / 2);
    }
    case 'bimodal': {
      // 70 % short at 0.3 of the mean, 30 % long so that the mean holds; each ± 20 %.
      const centre = random() < 0.7 ? 0.3 : (1 - 0.7 * 0.3) / 0.3;
      return meanMs * centre * (0.8 + 0.4 * random());
    }
  }
}

function scriptOf(load: Load, random: Random): Script {
  const stages = load.stages ?? [usualWords[load.kind].running];
  const durationMs = drawDurationMs(load.family, load.meanMs, random);
  const end = usualEnd(load.kind, random() < load.failedShare ? 'failed' : 'completed');
  const before = stages.map((status, index) => ({ afterMs: (durationMs * index) / stages.length, status }));
  return [...before, { afterMs: durationMs, ...end }];
}

function parentOf(load: Load, number: number, random: Random): string {
  const parents: Readonly<Record<Kind, () => string>> = {
    connectionOperation: () => `${load.prefix}${String(number).padStart(6, '0')}`,
    commsOperation: () => randomGuid(random),
    onenoteOperation: () => `/users/${load.prefix}${number}@contoso.test`,
  };
  return parents[load.kind]();
}
