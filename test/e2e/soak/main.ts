// `npm run soak -- --minutes M`: transitions at a steady rate while processes are killed, storage is stopped and Graph fails;
// then calm, and the checker's verdict over all that callers were told and consumers got.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startAzurite } from '../../../dev/azurite.ts';
import { createRandom } from '../../../dev/simulator/random.ts';
import { explain, judge } from '../../checker/judge.ts';
import { buildApp } from '../processes/built-app.ts';
import { openScene, type Scene } from '../processes/scene.ts';
import { type DisasterOptions, type Disasters, runDisasters } from './disasters.ts';
import { firstLife, secondLife } from './life.ts';
import { type Load, runLoad } from './load.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    rate: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
  },
});
const seed = Number(values.seed);
const minute = 60_000;
/** What was left behind is published once it is 15 s old, and a refused identity waits a minute. */
const patienceMs = 1.5 * minute;

type Run = Load & {
  readonly disasters: Disasters;
  readonly isSettled: boolean;
  /** Of processes that ended without being killed. */
  readonly ownEnds: readonly string[];
};

async function soak(
  scene: Scene,
  { azurite, location }: Pick<DisasterOptions, 'azurite' | 'location'>,
): Promise<Run> {
  const random = createRandom(seed);
  const lives = [firstLife(scene), secondLife(scene)];
  for (const life of lives) await life.start();
  const ending = new AbortController();
  const running = [
    ...lives.map(({ sweep }) => sweep(ending.signal)),
    consume(scene, ending.signal),
    listen(scene, ending.signal),
  ];
  try {
    const untilMs = performance.now() + Number(values.minutes) * minute;
    const [load, disasters] = await Promise.all([
      runLoad({ scene, random, transitionsPerSecond: Number(values.rate), untilMs }),
      runDisasters({ scene, lives, azurite, location, random, untilMs }),
    ]);
    console.log(`${load.transitions} transitions, ${JSON.stringify(disasters)}; now all is calm`);
    const calmMs = performance.now();
    const isSettled = await settle(scene);
    console.log(`settled: ${isSettled}, after ${Math.round((performance.now() - calmMs) / 1000)} s`);
    return { ...load, disasters, isSettled, ownEnds: lives.flatMap((life) => life.ownEnds()) };
  } finally {
    ending.abort();
    await Promise.all(running);
  }
}

/** Consumers know nothing of it; they go on where storage is there again. */
async function consume(scene: Scene, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const count = await scene.witness.consume().catch(() => 0);
    if (count === 0) await delay(200);
  }
}

/** Who was told that a notification is stored. */
async function listen(scene: Scene, signal: AbortSignal): Promise<void> {
  const seen = new Set<string>();
  while (!signal.aborted) {
    for (const { messageId, outcome, forgery, items } of scene.simulator.control.pushes()) {
      if (outcome !== 'accepted' || forgery !== null || seen.has(messageId)) continue;
      seen.add(messageId);
      for (const { path, status } of items)
        if (typeof status === 'string' && path.includes('/operations/'))
          scene.witness.note({
            by: 'platform',
            type: 'pushAcked',
            key: scene.witness.keyOf(path),
            word: status,
            parked: false,
          });
    }
    await delay(500);
  }
}

/** Waits for as long as something becomes less. @returns whether nothing is left. */
async function settle(scene: Scene): Promise<boolean> {
  let least = Number.POSITIVE_INFINITY;
  for (let endMs = performance.now() + patienceMs; performance.now() < endMs; await delay(1000)) {
    const left = await leftOf(scene).catch(() => least);
    if (left === 0) return true;
    if (left < least) endMs = performance.now() + patienceMs;
    least = Math.min(left, least);
  }
  console.log(`${least} rows and messages are left`);
  return false;
}

async function leftOf(scene: Scene): Promise<number> {
  const rows = await scene.witness.rows();
  const messages = await scene.witness.waiting();
  return messages.length + rows.filter(({ rowKey }) => /^(live|outbox|parked)!/.test(rowKey)).length;
}

/** Of a process that dies: what it had sent and not yet cleared. */
const copiesADeath = 66;

async function verdict(scene: Scene, run: Run): Promise<boolean> {
  const { kills, outages, lostAnswers } = run.disasters;
  const history = await scene.witness.history();
  const judged = judge(history);
  // What a death or an outage left behind is found by both hosts: each event may come once more for that.
  const events = judged.received - judged.copies;
  const mayBeCopies = events + lostAnswers + (kills + outages) * copiesADeath;
  const problems = [
    ...run.ownEnds,
    ...run.wrongAnswers,
    ...(run.isSettled ? [] : ['Something is left in the table or the queue.']),
    ...(judged.copies <= mayBeCopies ? [] : [`${judged.copies} copies, where ${mayBeCopies} have a reason.`]),
    ...(events > run.transitions / 3 ? [] : [`Only ${events} events came.`]),
  ];
  const violations = [
    ...judged.violations,
    ...problems.map((message) => ({ invariant: 'soak', key: null, message })),
  ];
  const counts = Object.entries(Object.groupBy(violations, ({ invariant }) => invariant));
  console.log(
    `${events} events received, ${judged.copies} copies of them too, early calls ${scene.simulator.control.stats().earlyCalls}`,
  );
  if (violations.length === 0) return true;
  console.log(counts.map(([invariant, own = []]) => `${invariant}: ${own.length}`).join('\n'));
  console.log(explain(history, { ...judged, violations }));
  console.log(`npm run soak -- --minutes ${values.minutes} --seed ${seed}`);
  return false;
}

const location = await mkdtemp(join(tmpdir(), 'opwatch-soak-'));
const azurite = { current: await startAzurite({ location }) };
const app = await buildApp();
const scene = await openScene({
  azurite: azurite.current.connectionString,
  folder: app.folder,
  env: Object.fromEntries(
    ['CONNECTION', 'COMMS', 'ONENOTE'].map((kind) => [`OPWATCH_${kind}_OPERATION_INTERVAL_SECONDS`, '2']),
  ),
});
let isGood = false;
try {
  console.log(`soak of ${values.minutes} minutes, seed ${seed}`);
  isGood = await verdict(scene, await soak(scene, { azurite, location }));
} finally {
  await scene.stop();
  await azurite.current.stop();
  await app.remove();
  await rm(location, { recursive: true });
}
console.log(isGood ? '1 passed, 0 failed, 0 skipped' : '0 passed, 1 failed, 0 skipped');
process.exit(isGood ? 0 : 1);
