// The checks of storage: one look at the table and at each queue, which several checks share.
import { storageConnection } from '../../../src/app.ts';
import type { StorageConnection } from '../../../src/storage/connections.ts';
import { type Node, type Outcome, outcomeOf, type Run } from '../run.ts';
import type { Part, Reading } from '../settings/reading.ts';
import { skip } from '../verdict.ts';
import { clockDifferenceMs, judgeClock } from './clock.ts';
import type { Access, StorageFault } from './fault.ts';
import { judgePoison, judgeQueue, judgeShards, judgeTable, judgeWrite, type QueueUse } from './judge.ts';
import { countMessages, probeQueue, type QueueFacts } from './probe-queue.ts';
import { createTableProbe, type TableFacts, type TableProbe } from './probe-table.ts';

type Facts = {
  readonly table: TableFacts;
  readonly transitions: QueueFacts;
  readonly sweeps: QueueFacts;
  /** Neither table nor queues are there. */
  readonly isNew: boolean;
};

type Opened = {
  readonly connection: StorageConnection;
  readonly access: Access;
  readonly table: TableProbe;
  readonly facts: Promise<Facts>;
};

type Look<T> = (reading: Reading, opened: Opened) => Promise<Outcome<T>>;

/** @param isOwnSignIn whether the person who runs this asks, in place of the app’s identity. */
export function addStorageChecks(run: Run, values: Node<Reading>, isOwnSignIn: boolean): void {
  let opened: Opened | undefined;
  const table = run.add('storage.table', { values }, looking(['names'], lookAtTable));
  run.add('storage.write', { values, table }, looking(['names'], lookAtWriting));
  run.add('storage.shards', { values, table }, looking(['names', 'shards'], lookAtShards));
  run.add('storage.clock', { values }, looking(['names'], lookAtClock));
  for (const role of ['transitions', 'sweeps'] as const)
    run.add(`storage.${role}`, { values }, looking(['names', 'encoding'], lookAtQueue(role)));
  run.add('storage.poison', { values }, looking(['names'], lookAtPoison));

  /** Storage is opened by the first that looks; a part of the settings that is wrong stops those that need it. */
  function looking<T>(parts: readonly Part[], look: Look<T>) {
    return async ({ values: reading }: { readonly values: Reading }): Promise<Outcome<T>> => {
      const reason = reading.whyNot('storage', ...parts) ?? whyNotFromHere(reading, isOwnSignIn);
      if (reason !== null) return { verdicts: [skip(reason)] };
      opened ??= open(reading, isOwnSignIn);
      return look(reading, opened);
    };
  }
}

/** An identity of the platform is not to be had elsewhere. */
function whyNotFromHere({ place, draft: { storage } }: Reading, isOwnSignIn: boolean): string | null {
  if (storage?.type !== 'identity' || place === 'here' || isOwnSignIn) return null;
  return 'The app’s identity is not to be had here; --sign-in looks with your own Azure CLI sign-in.';
}

function open({ draft: { storage, table, queues, graph } }: Reading, isOwnSignIn: boolean): Opened {
  if (storage === null) throw new TypeError('Storage is opened where its settings can be read.');
  const connection = storageConnection({ storage, graph }, isOwnSignIn ? { type: 'azureCli' } : undefined);
  const identity = isOwnSignIn ? 'you' : 'app';
  const probe = createTableProbe(connection, table);
  return {
    connection,
    access: storage.type === 'connectionString' ? 'key' : identity,
    table: probe,
    facts: gather(),
  };

  async function gather(): Promise<Facts> {
    const [found, transitions, sweeps] = await Promise.all([
      probe.look(),
      probeQueue(connection, queues.transitions),
      probeQueue(connection, queues.sweeps),
    ]);
    return {
      table: found,
      transitions,
      sweeps,
      isNew: [found.read, transitions.count, sweeps.count].every(isMissing),
    };
  }
}

function isMissing(found: StorageFault | number | null): boolean {
  return found !== null && typeof found === 'object' && found.type === 'missing';
}

const lookAtTable: Look<TableProbe> = async ({ draft }, { facts, access, table }) => {
  const { table: found, isNew } = await facts;
  return outcomeOf(
    judgeTable(found, draft.table, { access, isNew }),
    found.read === null ? table : undefined,
  );
};

const lookAtWriting: Look<never> = async ({ draft }, { facts, access }) => {
  const { table: found, isNew } = await facts;
  return { verdicts: [judgeWrite(found, draft.table, { access, isNew })] };
};

const lookAtShards: Look<never> = async ({ draft }, { table }) => ({
  verdicts: [judgeShards(await table.shardCount(), draft.shards)],
});

const lookAtClock: Look<never> = async (_reading, { facts }) => {
  const { clock } = (await facts).table;
  return {
    verdicts: [clock.length === 0 ? skip('Storage did not answer.') : judgeClock(clockDifferenceMs(clock))],
  };
};

function lookAtQueue(role: 'transitions' | 'sweeps'): Look<never> {
  return async ({ draft: { queues } }, { facts, access }) => {
    const { isNew, [role]: found } = await facts;
    const use: QueueUse = {
      what: `queue of ${role}`,
      name: queues[role],
      encoding: queues.encoding,
      rights: role === 'transitions' ? 'send' : 'all',
    };
    return { verdicts: judgeQueue(found, use, { access, isNew }) };
  };
}

const lookAtPoison: Look<never> = async ({ draft: { queues } }, { connection, access }) => {
  const name = `${queues.sweeps}-poison`;
  return { verdicts: [judgePoison(await countMessages(connection, name), name, access)] };
};
