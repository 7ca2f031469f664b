// The crash map as rows: at which step the process dies, by what it came there, and what storage shows then.
import type { CrashPoint } from '../../../src/domain/crash-point.ts';
import type { ActName } from './acts.ts';

export type CrashRow = {
  readonly point: CrashPoint;
  readonly hit: number;
  readonly by: ActName;
  /**
   * `late`: it dies a moment later, and what it was about to send is under way. `abort`: as when memory is full. `stop`:
   * it is asked to end, and ends by itself.
   */
  readonly death?: 'late' | 'abort' | 'stop';
  /** What may be there of each operation of the last act: rows and a message, by their names. */
  readonly after: readonly string[];
  /** Of how many operations each of them is there, where that is certain. */
  readonly counts?: Readonly<Record<string, number>>;
};

const nothing = '';
const watched = 'known live';
const committed = 'known event outbox';
const sent = 'known event outbox message';
const clean = 'known event message';
const kept = 'known event';

/** By the first hit, and by the third: the third time that the same act comes by. */
function firstAndThird(
  point: CrashPoint,
  by: readonly [ActName, ActName],
  after: string,
): readonly CrashRow[] {
  return [
    { point, hit: 1, by: by[0], after: [after] },
    { point, hit: 3, by: by[1], after: [after] },
  ];
}

const sweepSteps: readonly (readonly [CrashPoint, string])[] = [
  ...(['S0', 'S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7'] as const).map((point) => [point, watched] as const),
  ...(['S8', 'S9', 'S10'] as const).map((point) => [point, committed] as const),
  ...(['S11', 'S12', 'S13'] as const).map((point) => [point, sent] as const),
  ...(['S14', 'S15', 'S16', 'S17'] as const).map((point) => [point, clean] as const),
];

const sweeps: readonly CrashRow[] = [
  ...sweepSteps.flatMap(([point, after]) => firstAndThird(point, ['sweep', 'sweep'], after)),
  { point: 'S4', hit: 2, by: 'sweep', death: 'late', after: [watched, committed] },
  { point: 'S7', hit: 2, by: 'sweep', death: 'late', after: [watched, committed, sent] },
  { point: 'S10', hit: 2, by: 'sweep', death: 'late', after: [committed, sent, clean] },
  { point: 'S13', hit: 2, by: 'sweep', death: 'late', after: [sent, clean] },
  { point: 'S9', hit: 2, by: 'sweep', death: 'abort', after: [committed] },
  { point: 'S5', hit: 1, by: 'sweep that is throttled', after: [watched] },
];

/** The step under way is brought to its end, and nothing more is begun. */
const stops: readonly CrashRow[] = [
  { point: 'S4', hit: 1, by: 'sweep', death: 'stop', after: [clean] },
  { point: 'S7', hit: 1, by: 'sweep of five', death: 'stop', after: [clean] },
  { point: 'S10', hit: 2, by: 'sweep', death: 'stop', after: [clean] },
  { point: 'N2', hit: 1, by: 'stop', death: 'stop', after: [clean] },
  { point: 'T1', hit: 1, by: 'registration', death: 'stop', after: [watched] },
];

const leftovers: readonly CrashRow[] = [
  { point: 'S2', hit: 1, by: 'sweep of leftovers', after: [committed] },
  { point: 'S3', hit: 1, by: 'sweep of leftovers', after: [committed] },
  { point: 'S11', hit: 1, by: 'sweep of leftovers', after: [sent] },
  { point: 'S13', hit: 1, by: 'sweep of leftovers', after: [sent] },
  { point: 'S14', hit: 1, by: 'sweep of leftovers', after: [clean] },
  { point: 'S3', hit: 1, by: 'sweep of parked news', after: [`${committed} parked`] },
  { point: 'S3', hit: 2, by: 'sweep of parked news', after: [committed, sent, clean] },
];

const shared: readonly CrashRow[] = [
  { point: 'S7', hit: 1, by: 'sweep of five', after: [watched] },
  { point: 'S8', hit: 1, by: 'sweep of five', after: [committed] },
  { point: 'S11', hit: 3, by: 'sweep of five', after: [committed, sent] },
  { point: 'S13', hit: 1, by: 'sweep of five', after: [sent] },
  { point: 'S14', hit: 1, by: 'sweep of five', after: [clean] },
  // The first of its attempts alone is in, the others are not.
  {
    point: 'S8',
    hit: 2,
    by: 'sweep that is taken apart',
    after: [watched, committed],
    counts: { [watched]: 4, [committed]: 1 },
  },
  {
    point: 'S7',
    hit: 3,
    by: 'sweep that is taken apart',
    after: [watched, committed, sent, clean],
    counts: { [watched]: 4 },
  },
];

const changeSteps: readonly (readonly [CrashPoint, string])[] = [
  ...(['N0', 'N1', 'N2'] as const).map((point) => [point, watched] as const),
  ...(['N3', 'N4', 'N5'] as const).map((point) => [point, committed] as const),
  ...(['N6', 'N7', 'N8'] as const).map((point) => [point, sent] as const),
  ['N9', clean],
];

const changes: readonly CrashRow[] = [
  ...changeSteps.flatMap(([point, after]) => [
    ...firstAndThird(point, ['stop', 'notification'], after),
    ...firstAndThird(point, ['poll now', 'look through the proxy'], after),
  ]),
  { point: 'N10', hit: 1, by: 'stop', after: [clean] },
  // Its sender does not wait for the outbox to be cleared.
  { point: 'N10', hit: 3, by: 'notification', after: [sent, clean] },
  { point: 'N10', hit: 1, by: 'poll now', after: [clean] },
  { point: 'N10', hit: 3, by: 'look through the proxy', after: [clean] },
  { point: 'N2', hit: 2, by: 'stop', death: 'late', after: [watched, committed, sent] },
  { point: 'N5', hit: 2, by: 'notification', death: 'late', after: [committed, sent, clean] },
  { point: 'N8', hit: 2, by: 'stop', death: 'late', after: [sent, clean] },
  { point: 'N2', hit: 1, by: 'early notification', after: [nothing] },
  { point: 'N3', hit: 1, by: 'early notification', after: ['parked'] },
  { point: 'N10', hit: 3, by: 'early notification', after: ['parked'] },
  // Tracking and first word are one commit.
  { point: 'N2', hit: 1, by: 'first notification', after: [nothing] },
  { point: 'N3', hit: 3, by: 'first notification', after: [committed] },
];

const beginnings: readonly CrashRow[] = (['T0', 'T1', 'T2', 'T4'] as const).flatMap((point) => {
  const isThere = point === 'T2' || point === 'T4';
  return [
    ...firstAndThird(point, ['registration', 'registration'], isThere ? watched : nothing),
    { point, hit: 1, by: 'new beginning', after: [isThere ? 'known live event message' : clean] },
    { point, hit: 1, by: 'change of a schema', after: [isThere ? watched : nothing] },
  ];
});

const ends: readonly CrashRow[] = [
  { point: 'R0', hit: 1, by: 'retention', after: [kept] },
  { point: 'R0', hit: 3, by: 'retention', after: [nothing] },
  { point: 'R1', hit: 1, by: 'retention', after: ['known', kept], counts: { known: 1, [kept]: 2 } },
  { point: 'R1', hit: 3, by: 'retention', after: ['known', nothing], counts: { known: 1, [nothing]: 2 } },
  { point: 'R2', hit: 1, by: 'retention', after: [nothing, kept], counts: { [nothing]: 1, [kept]: 2 } },
  { point: 'R2', hit: 3, by: 'retention', after: [nothing] },
];

export const crashRows: readonly CrashRow[] = [
  ...sweeps,
  ...stops,
  ...leftovers,
  ...shared,
  ...changes,
  ...beginnings,
  { point: 'T1', hit: 2, by: 'registration', death: 'late', after: [nothing, watched] },
  ...ends,
];
