// Table and queue of the simulated world: the fake that passes the real table's contract, behind a wire that is slow,
// loses answers, and may apply a request after its sender has given up or died.
import { AppError } from '../../src/domain/errors.ts';
import type { Row, Table, TableAction, Transacted } from '../../src/storage/table.ts';
import type { CommittedRow } from '../checker/history.ts';
import type { MemoryTable } from '../fakes/memory-table.ts';
import type { FaultRates } from './plan.ts';
import { callOutside, type Process, type World } from './world.ts';

export type Wire = {
  readonly world: World;
  readonly rates: () => FaultRates;
};

/** As the product's adapters: who waits longer is told that nothing is known. */
const requestLimitMs = 3000;

/**
 * A process's way to the table. What the real adapter does with an answer is done here: a transaction that is not clearly
 * applied is "not applied", a read without an answer rejects.
 * @param onDate takes the service's time of each answer, in whole seconds as its header.
 */
export function openSimulatedTable(
  { world, rates }: Wire,
  { process, table, onDate }: { process: Process; table: MemoryTable; onDate: (atMs: number) => void },
): Table {
  return { get, query, transact };

  function get(partitionKey: string, rowKey: string): Promise<Row | null> {
    return read(() => table.get(partitionKey, rowKey));
  }

  async function* query(
    partitionKey: string,
    range: Parameters<Table['query']>[1],
  ): AsyncIterable<readonly Row[]> {
    const pages = table.query(partitionKey, range)[Symbol.asyncIterator]();
    for (;;) {
      const { value, done } = await read(() => pages.next());
      if (done) return;
      yield value;
    }
  }

  async function read<T>(effect: () => Promise<T>): Promise<T> {
    const isFailed = world.chance(rates().storageBefore);
    if (isFailed) world.record({ by: process.name, type: 'fault', what: 'read of storage failed' });
    const isSlow = world.chance(rates().storageSlow);
    const answer = await callOutside(world, process, {
      arriveMs: world.between(2, 20),
      answerMs: isSlow ? world.between(500, requestLimitMs - 100) : world.between(2, 20),
      effect: async () => (isFailed ? null : { value: await effect(), date: wholeSecond(world) }),
    });
    if (answer === null) throw new AppError('storage_busy', 'Storage did not answer.', { action: 'retry' });
    onDate(answer.date);
    return answer.value;
  }

  async function transact(partitionKey: string, actions: readonly TableAction[]): Promise<Transacted> {
    const { storageBefore, storageAfter, storageSlow } = rates();
    const unknown = { applied: false, isRefused: false };
    const isRefused = world.chance(storageBefore);
    if (isRefused) world.record({ by: process.name, type: 'fault', what: 'storage busy' });
    if (isRefused) return ask(world.between(2, 20), async () => unknown);
    if (world.chance(storageSlow)) {
      world.record({ by: process.name, type: 'fault', what: 'storage applies late' });
      // Applied long after its sender has been told that nothing is known, and perhaps has sent the next attempt.
      world.after(world.between(requestLimitMs, 3 * requestLimitMs), () => apply(partitionKey, actions));
      return ask(requestLimitMs, async () => unknown);
    }
    const isLost = world.chance(storageAfter);
    if (isLost) world.record({ by: process.name, type: 'fault', what: 'answer of storage lost' });
    return ask(world.between(2, 20), async () => {
      const outcome = await apply(partitionKey, actions);
      return isLost ? unknown : outcome;
    });
  }

  async function ask(arriveMs: number, effect: () => Promise<Transacted>): Promise<Transacted> {
    const { outcome, date } = await callOutside(world, process, {
      arriveMs,
      answerMs: world.between(2, 20),
      effect: async () => ({ outcome: await effect(), date: wholeSecond(world) }),
    });
    onDate(date);
    return outcome;
  }

  async function apply(partitionKey: string, actions: readonly TableAction[]): Promise<Transacted> {
    const before = await Promise.all(actions.map(({ rowKey }) => table.get(partitionKey, rowKey)));
    const outcome = await table.transact(partitionKey, actions);
    if (!outcome.applied) return outcome;
    const rows = await Promise.all(
      actions.map(async (action, index): Promise<CommittedRow> => {
        const row = await table.get(partitionKey, action.rowKey);
        const old = before[index] ?? null;
        return {
          rowKey: action.rowKey,
          action: action.type,
          replaced: old?.etag ?? null,
          etag: row?.etag ?? null,
          value: textOf(row),
          before: textOf(old),
        };
      }),
    );
    world.record({ by: process.name, type: 'committed', rows });
    return outcome;
  }
}

/** A row's own text: an operation's JSON, or an event's bytes. */
function textOf(row: Row | null): string | null {
  const text = row?.properties['value'] ?? row?.properties['body'];
  return typeof text === 'string' ? text : null;
}

function wholeSecond(world: World): number {
  return Math.floor(world.nowMs() / 1000) * 1000;
}

export type SimulatedQueue = { readonly bodies: string[] };

/** A process's way to the queue. */
export function createSend(
  { world, rates }: Wire,
  { process, queue }: { process: Process; queue: SimulatedQueue },
): (body: string) => Promise<void> {
  return async function send(body) {
    const { queueBefore, queueAfter, storageSlow } = rates();
    const isRefused = world.chance(queueBefore);
    const isLost = world.chance(queueAfter);
    const isSlow = world.chance(storageSlow);
    if (isRefused || isLost || isSlow)
      world.record({ by: process.name, type: 'fault', what: 'queue unclear' });
    const isClear = await callOutside(world, process, {
      arriveMs: isSlow ? world.between(500, 2500) : world.between(2, 20),
      answerMs: world.between(2, 20),
      effect: async () => {
        if (isRefused) return false;
        queue.bodies.push(body);
        world.record({ by: process.name, type: 'enqueued', body });
        return !isLost;
      },
    });
    if (!isClear) throw new AppError('storage_busy', 'The queue gave no clear answer.', { action: 'retry' });
  };
}
