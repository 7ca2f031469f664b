// One row of the crash map: the process comes to its point and dies, storage is looked at, the process is started again,
// whoever got no answer asks again, all ends; then the checker judges what callers and consumers saw.
import { createRandom } from '../../../dev/simulator/random.ts';
import { explain, judge } from '../../checker/judge.ts';
import { openScene, type Scene, type SceneOptions } from '../processes/scene.ts';
import { until } from '../processes/until.ts';
import type { StoredRow } from '../processes/witness.ts';
import { type Act, acts } from './acts.ts';
import type { Subject } from './lives.ts';
import type { CrashRow } from './rows.ts';

export type RowOptions = Pick<SceneOptions, 'azurite' | 'folder'> & { readonly seed: number };

/** How a row is called for: also in the command that repeats it. */
export function nameOf({ point, hit, by, death }: CrashRow): string {
  return `${point}:${hit}${death === undefined ? '' : `:${death}`} by ${by}`;
}

/** @returns an empty text when everything is as the crash map promises; else what is wrong, the story, and the command. */
export async function runRow(row: CrashRow, { azurite, folder, seed }: RowOptions): Promise<string> {
  const act: Act = acts[row.by];
  const scene = await openScene({ azurite, folder, env: act.env ?? {} });
  try {
    const death = await dieAndLookAround(row, { scene, act, seed });
    await scene.kill(); // should it live against all expectation
    await scene.start();
    scene.witness.note({ by: 'host', type: 'restarted' });
    for (const subject of death.subjects) await act.again?.(scene, subject);
    const left = await drain(scene);
    return await verdict(scene, { ...death, row, seed, problems: [...death.problems, ...left] });
  } finally {
    await scene.stop();
  }
}

type Death = {
  /** Of the last act. */
  readonly subjects: readonly Subject[];
  readonly problems: readonly string[];
  /** How many of them will be published twice. */
  readonly copies: number;
};

async function dieAndLookAround(
  row: CrashRow,
  { scene, act, seed }: { readonly scene: Scene; readonly act: Act; readonly seed: number },
): Promise<Death> {
  const random = createRandom(seed);
  if (act.prepare !== undefined) {
    await scene.start();
    await act.prepare(scene);
    await scene.kill();
  }
  const lateMs = Math.round(random() * longestLateMs);
  const how = row.death === 'late' ? `kill:${lateMs}` : (row.death ?? 'kill');
  const code = row.death === 'stop' ? 0 : null;
  await scene.start(`${row.point}:${row.hit}:${how}`);
  let subjects: readonly Subject[] = [];
  for (let count = 0; count < row.hit && !scene.isDead(); count += 1) subjects = await act.act(scene, random);
  const isDead = await until(scene.isDead, { withinMs: 10_000 });
  const problems = isDead ? [] : ['It did not come to its point, or not to its end, within 10 seconds.'];
  if (isDead && (await scene.exitCode()) !== code) problems.push(`It did not end with ${code}.`);
  scene.witness.note({ by: 'host', type: 'crashed' });
  await until(() => scene.storage.underWay() === 0, { withinMs: 10_000 });
  const states = await statesOf(scene, subjects);
  return {
    subjects,
    problems: [...problems, ...problemsOf(row, states)],
    copies: states.filter((state) => state.includes('outbox message')).length,
  };
}

/** A request takes a few milliseconds here. */
const longestLateMs = 8;

const parts = ['known', 'live', 'event', 'outbox'] as const;

async function statesOf(scene: Scene, subjects: readonly Subject[]): Promise<readonly string[]> {
  const rows = await scene.witness.rows();
  const messages = await scene.witness.waiting();
  return subjects.map(({ key }) => {
    const isThere = (part: string): boolean =>
      rows.some(({ rowKey }) => rowKey === `${part}!${key}` || rowKey.startsWith(`${part}!${key}!`));
    return [
      ...parts.filter(isThere),
      ...(messages.some((text) => text.includes(`"subject":"${key}"`)) ? ['message'] : []),
      ...(isThere('parked') ? ['parked'] : []),
    ].join(' ');
  });
}

function problemsOf({ after, counts = {} }: CrashRow, states: readonly string[]): readonly string[] {
  const wrong = states.filter((state) => !after.includes(state));
  const miscounted = Object.entries(counts).filter(
    ([state, count]) => states.filter((one) => one === state).length !== count,
  );
  if (wrong.length === 0 && miscounted.length === 0) return [];
  const shown = states.map((state) => `"${state}"`).join(', ');
  return [`Storage shows ${shown}, where the map says ${JSON.stringify(after)} ${JSON.stringify(counts)}.`];
}

/** Leftovers are older than 15 seconds then, or whatever is parked than 15 minutes. */
const untilOldMs = { events: 16_000, parked: 16 * 60_000 };
const maxRounds = 12;
const kinds = ['pollCommsOperations', 'pollConnectionOperations'] as const;

/** Sweeps until all has ended and is published. */
async function drain(scene: Scene): Promise<readonly string[]> {
  let left: readonly StoredRow[] = [];
  for (let round = 0; round < maxRounds; round += 1) {
    const isParkedOnly = left.length > 0 && left.every(({ rowKey }) => rowKey.startsWith('parked!'));
    scene.storage.aheadMs += isParkedOnly ? untilOldMs.parked : untilOldMs.events;
    for (const name of kinds) await scene.run(name);
    await scene.witness.receive();
    left = (await scene.witness.rows()).filter(({ rowKey }) => /^(live|outbox|parked)!/.test(rowKey));
    if (left.length === 0) return [];
  }
  return left.map(({ rowKey }) => `${rowKey} is left at the end.`);
}

async function verdict(
  scene: Scene,
  found: Death & { readonly row: CrashRow; readonly seed: number },
): Promise<string> {
  const { row, seed } = found;
  const history = await scene.witness.history();
  const judged = judge(history);
  const { earlyCalls } = scene.simulator.control.stats();
  const problems = [
    ...found.problems,
    ...(judged.copies === found.copies
      ? []
      : [`${judged.copies} copies, where ${found.copies} have a reason.`]),
    ...(earlyCalls === 0 ? [] : [`Graph was called early ${earlyCalls} times.`]),
  ];
  const key = found.subjects[0]?.key ?? null;
  const violations = [
    ...judged.violations,
    ...problems.map((message) => ({ invariant: 'crash map', key, message })),
  ];
  if (violations.length === 0) return '';
  const name = nameOf(row);
  return [
    `${name}, seed ${seed}`,
    explain(history, { ...judged, violations }),
    `npm run crash -- --row '${name}' --seed ${seed}`,
  ].join('\n');
}
