// What is told of operations is their truth: every change once and in order, however the clock moves and whatever is
// changed by hand meanwhile.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAgenda } from '../../../dev/simulator/callbacks/agenda.ts';
import { createWatch } from '../../../dev/simulator/callbacks/watch.ts';
import { createWorld } from '../../../dev/simulator/operations.ts';
import { createRandom } from '../../../dev/simulator/random.ts';

const word = fc.constantFrom('notStarted', 'running', 'paused', 'completed');
const script = fc.array(fc.record({ afterMs: fc.nat(50), status: word }), { minLength: 1, maxLength: 5 });
const moves = fc.array(
  fc.oneof(
    fc.record({ move: fc.constant('wait' as const), ms: fc.nat(30) }),
    fc.record({
      move: fc.constant('say' as const),
      said: fc.record({ status: word, keepLaterSteps: fc.boolean() }),
    }),
    fc.record({ move: fc.constant('arm' as const) }),
    fc.record({ move: fc.constant('touch' as const) }),
  ),
  { maxLength: 12 },
);

/**
 * A world that is followed from the beginning, without anybody to tell but this test.
 * @param lookMs how far the clock moves with each look at it.
 */
function startWatching(lookMs = 0) {
  let nowMs = 1000;
  const told: { readonly status: unknown; readonly atMs: number }[] = [];
  const now = (): number => {
    nowMs += lookMs;
    return nowMs;
  };
  const world = createWorld(now, createRandom(1));
  const agenda = createAgenda(now);
  const watch = createWatch({
    now,
    world,
    agenda,
    isWanted: () => true,
    tell: (_operation, { step, atMs }) => {
      told.push({ status: step.status, atMs });
      return 0;
    },
  });
  world.listen({
    operationPut: watch.follow,
    operationRemoved: watch.forget,
    callPut: () => undefined,
  });
  return {
    world,
    agenda,
    told,
    wait: (ms: number): void => {
      nowMs += ms;
    },
  };
}

describe('a followed operation', () => {
  test('is told as it was, whatever happens to it', () => {
    fc.assert(
      fc.property(script, moves, fc.boolean(), (script, moves, waits) => {
        const { world, agenda, told, wait } = startWatching();
        const start = waits ? { startMs: null } : {};
        const { path } = world.addOperation({ kind: 'commsOperation', script, ...start });
        for (const step of [...moves, { move: 'wait' as const, ms: 100 }]) {
          if (step.move === 'wait') wait(step.ms);
          if (step.move === 'say') world.changeStatus({ path, ...step.said });
          if (step.move === 'arm') world.arm(1000);
          const operation = world.operations.get(path);
          if (step.move === 'touch' && operation) world.put({ ...operation });
          agenda.runDue();
        }
        agenda.stop();
        expect(told).toEqual(world.truth()[0]?.changes);
      }),
    );
  });

  test('is told from its beginning, also where the clock moves between two looks at it', () => {
    const { world, agenda, told, wait } = startWatching(1);
    const { path } = world.addOperation({
      kind: 'commsOperation',
      script: [{ afterMs: 0, status: 'running' }],
    });
    world.changeStatus({ path, status: 'completed' });
    wait(10);
    agenda.runDue();
    agenda.stop();
    expect(told.map(({ status }) => status)).toEqual(['running', 'completed']);
  });

  test('is told no more once it is removed', () => {
    const { world, agenda, told, wait } = startWatching();
    const { path } = world.addOperation({ kind: 'commsOperation' });
    agenda.runDue();
    world.remove(path);
    wait(60_000);
    agenda.runDue();
    agenda.stop();
    expect(told).toHaveLength(1);
  });
});

describe('the agenda', () => {
  test('runs by time, then by the order of coming', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 60 }), (times) => {
        const agenda = createAgenda(() => 1000);
        const ran: (readonly [number, number])[] = [];
        for (const [index, atMs] of times.entries()) agenda.add(atMs, () => ran.push([atMs, index]));
        agenda.runDue();
        agenda.stop();
        const expected = times.map((atMs, index) => [atMs, index] as const);
        expect(ran).toEqual(
          expected.toSorted(([one, first], [other, second]) => one - other || first - second),
        );
      }),
    );
  });

  test('lets nothing run before its time or after its end', () => {
    let nowMs = 0;
    const agenda = createAgenda(() => nowMs);
    const ran: string[] = [];
    agenda.add(10, () => ran.push('ten'));
    agenda.add(20, () => ran.push('twenty'));
    nowMs = 10;
    agenda.runDue();
    agenda.stop();
    nowMs = 30;
    agenda.runDue();
    agenda.add(0, () => ran.push('late'));
    agenda.runDue();
    expect(ran).toEqual(['ten']);
  });
});
