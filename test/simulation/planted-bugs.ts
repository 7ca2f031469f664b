// Bugs that were made, or nearly made, as changes of the source in memory: the simulation must catch each of them. A
// change that does not fit its file any more fails too, so that the list keeps up with the code.

export type PlantedBug = {
  readonly name: string;
  /** A seed that caught it: the first to be tried. */
  readonly caughtBy: number;
  readonly changes: readonly { readonly file: string; readonly from: string; readonly to: string }[];
};

function bug(
  name: string,
  file: string,
  ...pairs: readonly (readonly [from: string, to: string])[]
): PlantedBug {
  return { name, caughtBy: rare[name] ?? 1, changes: pairs.map(([from, to]) => ({ file, from, to })) };
}

/** Seeds that catch the rare ones; all others are caught by one of the first. */
const rare: Readonly<Record<string, number>> = {
  'no fallback from a shared transaction': 14,
  'what another has committed is published again': 316,
  'restart without If-Match on known!': 209,
  'stale throttle knowledge': 69,
  'parked push applied after the poll': 54,
};

const store = 'src/storage/operation-store.ts';
const publisher = 'src/flows/publish-events.ts';
const committer = 'src/flows/commit-changes.ts';
const observe = 'src/domain/observe.ts';
const sweep = 'src/flows/sweep-shard.ts';

export const plantedBugs: readonly PlantedBug[] = [
  bug(
    'no If-Match on live!',
    store,
    [`etag: before.etag, properties: writeLive(after)`, `etag: '*', properties: writeLive(after)`],
    [
      `{ type: 'delete', rowKey: liveKey, etag: before.etag }`,
      `{ type: 'delete', rowKey: liveKey, etag: '*' }`,
    ],
  ),
  bug('track creates only live!', store, [
    `return isEnded ? [known] : [known, live];`,
    `return isEnded ? [known] : [live];`,
  ]),
  bug('publish before commit', committer, [
    `    const { applied, isRefused } = await ports.commit(shard, changes);`,
    `    publisher.publish(changes.flatMap(entriesOf));\n    const { applied, isRefused } = await ports.commit(shard, changes);`,
  ]),
  bug('clear outbox before send', publisher, [
    `await ports.send(event.body);`,
    `await ports.clearOutbox(shard, [event]);\n      await ports.send(event.body);`,
  ]),
  bug('a refused commit is sent all the same', 'src/flows/apply-observation.ts', [
    `    wasUncertain ||= !committed.isRefused;`,
    `    publisher.publish(entriesOf(change));`,
  ]),
  bug('what another has committed is published again', 'src/flows/apply-observation.ts', [
    `    wasUncertain ||= !committed.isRefused;`,
    `    wasUncertain = true;`,
  ]),
  bug('match batch answers by position', 'src/graph/operation-reader.ts', [
    `const item = items.get(target.key);`,
    `const item = [...items.values()][targets.indexOf(target)];`,
  ]),
  bug('accept regressions', observe, [
    `if (!isFirstSight && isBehind(operation, word, observation)) return unchanged(operation, 'regression');`,
    ``,
  ]),
  bug('event row in a transaction of its own', store, [
    `    const transacted = await table.transact(shard, actions);`,
    `    const isState = ({ rowKey }: TableAction) => /^(live|known)!/.test(rowKey);
    const state = await table.transact(shard, actions.filter(isState));
    const news = actions.filter((one) => !isState(one));
    const transacted = state.applied && news.length > 0 ? await table.transact(shard, news) : state;`,
  ]),
  bug('generation is a counter that restarts after retention', 'src/domain/tracking.ts', [
    `generation: Math.max(Math.floor(nowMs / 1000), (followed ?? 0) + 1)`,
    `generation: (followed ?? 0) + 1`,
  ]),
  bug('expired before a look at the deadline', observe, [
    `observation.sentAtMs >= operation.deadlineAtMs;`,
    `observation.arrivedAtMs + 20_000 >= operation.deadlineAtMs;`,
  ]),
  bug('memory overwritten without ETag', store, [
    `etag === null ? { type: 'create', ...row } : { type: 'replace', etag, ...row };
    return (await table.transact(shard, [action])).applied;
  }

  async function park(`,
    `etag === null ? { type: 'create', ...row } : { type: 'replace', etag: '*', ...row };
    return (await table.transact(shard, [action])).applied;
  }

  async function park(`,
  ]),
  bug('end that does not delete live!', store, [
    `        { type: 'delete', rowKey: liveKey, etag: before.etag },\n`,
    ``,
  ]),
  bug('restart without If-Match on known!', store, [`etag: known.etag,`, `etag: '*',`]),
  bug('no fallback from a shared transaction', committer, [
    `await commitAlone(one, !isRefused)`,
    `{ outcome: 'storageBusy' }`,
  ]),
  bug('times from the own clock', 'src/storage/storage-clock.ts', [
    `current = Math.max(current, serverDateMs - atMs);`,
    ``,
  ]),
  bug('stale throttle knowledge', 'src/flows/shard-pauses.ts', [
    `const freshMs = 10_000;`,
    `const freshMs = 600_000;`,
  ]),
  bug('stop without its generation', 'src/flows/stop-operation.ts', [
    `{ shard: rows.shard, key, generation: meant, observation }`,
    `{ shard: rows.shard, key, generation: null, observation }`,
  ]),
  bug(
    'parked push applied after the poll',
    sweep,
    [`const unheard = await takeParked(contents, shard, publisher);`, `const unheard = new Set<string>();`],
    [
      `    const applied = await Promise.all(changes.values());`,
      `    const applied = await Promise.all(changes.values());\n    await takeParked(contents, shard, publisher);`,
    ],
  ),
  bug('a read on demand passes over what is parked', 'src/flows/poll-now.ts', [
    `if (await endsByParked(shard, operation.key)) return { outcome: 'ended' };`,
    ``,
  ]),
  bug('outbox grace off', sweep, [`const outboxGraceMs = 15_000;`, `const outboxGraceMs = 0;`]),
  bug('random id at send', publisher, [
    `await ports.send(event.body);`,
    `await ports.send(event.body.replace('"id":"', \`"id":"\${published}\`));`,
  ]),
  bug('notifications trusted without authentication', 'test/simulation/app-process.ts', [
    `if (!sender.isAuthentic) throw new Error('401');`,
    ``,
  ]),
  bug(
    '404 once is lost',
    observe,
    [`const evidenceSpanMs = 60_000;`, `const evidenceSpanMs = 0;`],
    [`const evidenceCount = 3;`, `const evidenceCount = 1;`],
  ),
  bug('a transport fault is a status', 'src/graph/answers.ts', [
    `  return unreadable(code, dates);`,
    `  const none = { error: null, result: null, clientContext: null, percentComplete: null }; return { type: 'status', observedBy: 'poll', status: 'failed', details: none, ...dates };`,
  ]),
  bug('a wait is known to the process only', 'src/flows/shard-pauses.ts', [
    `const all = { ...news, pauses: ownPauses() };`,
    `const all = news;`,
  ]),
  bug('what was written since is not read', 'src/storage/live-rows.ts', [
    `- seenLateMs;`,
    `+ 2 * wholeWithinMs;`,
  ]),
  bug('a row that is gone stays in mind', 'src/storage/live-rows.ts', [
    `if (slice === null || isIn(slice, rowKey)) rows.delete(rowKey);`,
    ``,
  ]),
];
