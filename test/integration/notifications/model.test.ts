// Callers, the platform, sweeps and storage in any order, with answers of storage lost and processes replaced, against a
// model of a page: after each step the app says what the model says, and at the end consumers got just that. MODEL_SEED
// repeats a run, MODEL_RUNS is how many.
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { App } from '../../../src/app.ts';
import { type NamedResource, parseResource } from '../../../src/domain/resources.ts';
import type { TrackOutcome } from '../../../src/flows/results.ts';
import { present } from '../../fixtures/present.ts';
import type { WatchedEvent } from '../watching/harness.ts';
import { orderly, settle } from '../watching/settle.ts';
import { pushOf, type Receiving, startReceiving } from './harness.ts';
import {
  begin,
  cancel,
  hasEnded,
  isLive,
  newOperation,
  type OperationModel,
  see,
  type Word,
  words,
} from './model.ts';

const runs = Number(process.env['MODEL_RUNS'] ?? 4);
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 1_000_000);
const operationsARun = 3;

type Model = { readonly operations: readonly OperationModel[] };
type Real = { app: App };
type Step = fc.AsyncCommand<Model, Real>;

let receiving: Receiving;
beforeAll(async () => {
  console.log(`MODEL_SEED=${seed}`);
  receiving = await startReceiving({ OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS: '1' });
});
afterAll(() => receiving.stop());

function step(name: string, run: (model: Model, real: Real) => Promise<void>): Step {
  return { check: () => true, run, toString: () => name };
}

/** A step of one operation, after which the app must say of it what the model says. */
function stepOf(
  name: string,
  index: number,
  run: (operation: OperationModel, real: Real) => Promise<void>,
): Step {
  return step(`${name} ${index}`, async ({ operations }, real) => {
    const operation = present(operations[index]);
    await run(operation, real);
    await compare(operation, real);
  });
}

async function compare(operation: OperationModel, { app }: Real): Promise<void> {
  const { key, generation, sequence, state, status } = operation;
  const found = await app.flows.find(key);
  const seen = found && [found.key, found.generation, found.sequence, found.state, found.status];
  expect(seen).toEqual(generation === null ? null : [key, generation, sequence, state, status]);
  const events = (await app.flows.events(key)) ?? [];
  expect(events.map((text) => lineOf(JSON.parse(text)))).toEqual(operation.events);
}

function lineOf({
  id,
  data,
}: Omit<WatchedEvent, 'data'> & { readonly data: Omit<WatchedEvent['data'], 'evidence'> }): string {
  const was = data.previous === null ? 'nothing' : `${data.previous.state} ${data.previous.status}`;
  const place = id.slice(data.key.length + 1);
  return `${place} ${was} → ${data.current.state} ${data.current.status} by ${data.observedBy}`;
}

function named(path: string): NamedResource {
  return present(parseResource(path, receiving.app.home));
}

async function ask({ app }: Real, path: string, restartAfter: number | null): Promise<TrackOutcome> {
  const more = { label: null, metadata: {}, deadlineMs: null, trackedBy: 'api' } as const;
  return app.flows.track({ named: named(path), ...more, restartAfter });
}

const track = (index: number): Step =>
  stepOf('track', index, async (operation, real) => {
    const told = await ask(real, operation.path, null);
    // A beginning whose answer was lost is there when it is tried again.
    const expected = operation.generation === null ? ['created', 'existing'] : ['existing'];
    expect(expected).toContain(told.outcome);
    if (operation.generation === null && 'operation' in told) begin(operation, told.operation.generation);
  });

const trackAgain = (index: number): Step =>
  stepOf('track again', index, async (operation, real) => {
    const { generation } = operation;
    if (generation === null) return;
    const told = await ask(real, operation.path, generation);
    const after = 'operation' in told ? told.operation.generation : 0;
    if (hasEnded(operation)) {
      expect(after).toBeGreaterThan(generation);
      begin(operation, after);
    } else expect([told.outcome, after]).toEqual(['existing', generation]);
  });

/** Also back to what it was, as a replica that lags would. */
const show = (index: number, word: Word): Step =>
  stepOf(`Graph shows ${word} of`, index, async (operation) => {
    receiving.simulator.control.setStatus({ path: operation.path, status: word });
    operation.shows = word;
  });

const push = (index: number, word: Word): Step =>
  stepOf(`push ${word} of`, index, async (operation, real) => {
    expect(await receiving.push(pushOf(operation.path, word))).toMatchObject({ status: 202 });
    operation.isAnnounced = true;
    if (operation.generation === null)
      begin(operation, present(await real.app.flows.find(operation.key)).generation);
    see(operation, word, 'push');
  });

const pollNow = (index: number): Step =>
  stepOf('poll now', index, async (operation, real) => {
    const wasLive = isLive(operation);
    const { outcome } = await real.app.flows.pollNow(operation.key);
    see(operation, operation.shows, 'poll');
    if (operation.generation === null) expect(outcome).toBe('notFound');
    else expect(wasLive ? ['polled', 'ended'] : ['ended']).toContain(outcome);
  });

const stop = (index: number): Step =>
  stepOf('stop', index, async (operation, real) => {
    const { outcome } = await real.app.flows.stop(operation.key, operation.generation);
    expect(outcome).toBe(operation.generation === null ? 'notFound' : 'ended');
    cancel(operation);
  });

const sweep = step('sweep', async ({ operations }, real) => {
  receiving.advance(2000);
  await real.app.pollKind('commsOperation');
  for (const operation of operations) {
    const found = await real.app.flows.find(operation.key);
    const isRead = !operation.isAnnounced || (found?.sequence ?? 0) > operation.sequence;
    if (isRead) see(operation, operation.shows, 'poll');
    await compare(operation, real);
  }
});

/** Nothing of what a process knows is needed by the next one. */
const replaceProcess = step('replace the process', async (_model, real) => {
  real.app = receiving.secondApp();
  receiving.storage.mode = 'pass';
  await real.app.start();
});

const lose = (what: string, mode: 'busy' | 'reset' | '500'): Step =>
  step(`${mode} for the next ${what}`, async () => {
    let isLost = false;
    receiving.storage.mode = (seen) => {
      if (isLost || seen !== what) return 'pass';
      isLost = true;
      return mode;
    };
  });

const index = fc.nat(operationsARun - 1);
const word = fc.constantFrom(...words);
const steps = fc.commands(
  [
    index.map(track),
    index.map(trackAgain),
    fc.tuple(index, word).map(([at, shown]) => show(at, shown)),
    fc.tuple(index, word).map(([at, told]) => push(at, told)),
    index.map(pollNow),
    index.map(stop),
    fc.constant(sweep),
    fc.constant(replaceProcess),
    fc
      .tuple(fc.constantFrom('table POST', 'queue POST'), fc.constantFrom('busy', 'reset', '500'))
      .map(([what, mode]) => lose(what, mode)),
  ],
  { maxCommands: 40, size: 'max' },
);

function setUp(): { model: Model; real: Real } {
  const operations = Array.from({ length: operationsARun }, () => {
    const script = [{ afterMs: 0, status: 'notStarted' }];
    const parent = randomUUID();
    const { path } = receiving.simulator.control.addOperation({ kind: 'commsOperation', parent, script });
    return newOperation({ path, key: named(path).key });
  });
  return { model: { operations }, real: { app: receiving.app } };
}

test('whatever happens in whatever order, the app says what the model says, and consumers get just that', {
  timeout: 30_000 + runs * 20_000,
}, async () => {
  const received: WatchedEvent[] = [];
  const expected: string[] = [];
  await fc.assert(
    fc.asyncProperty(steps, async (commands) => {
      const { model, real } = setUp();
      await fc.asyncModelRun(() => ({ model, real }), commands);
      receiving.storage.mode = 'pass';
      for (const { key } of model.operations) await receiving.app.flows.stop(key, null);
      for (const operation of model.operations) {
        cancel(operation);
        await compare(operation, real);
        expected.push(...operation.events.map((line) => `${operation.key} ${line}`));
      }
      if (expected.length > 0)
        await settle(receiving, { count: expected.length, events: received, kind: 'commsOperation' });
      const told = orderlyOf(received);
      expect(told.toSorted()).toEqual(expected.toSorted());
    }),
    { numRuns: runs, seed, endOnFailure: true },
  );
});

/** Copies are the same bytes, and count once. */
function orderlyOf(events: readonly WatchedEvent[]): readonly string[] {
  const byGeneration = Map.groupBy(events, ({ id }) => id.slice(0, id.lastIndexOf('-')));
  return [...byGeneration.values()].flatMap((own) =>
    orderly(own).map((event) => `${event.data.key} ${lineOf(event)}`),
  );
}
