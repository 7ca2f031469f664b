// What a run says of itself: medians with ranges, targets met or missed, and no figure of one who failed.
import { describe, expect, test } from 'vitest';
import { replaceBlock } from '../../../bench/documents.ts';
import type { Figures } from '../../../bench/figures.ts';
import { parseOptions } from '../../../bench/options.ts';
import { fullReport, shortReport } from '../../../bench/report.ts';
import { type GoodRun, type Outcome, type Result, ratioOf, spreadOfRuns } from '../../../bench/result.ts';
import { percentile, spreadOf } from '../../../bench/statistics.ts';
import { isMet, targetsOf } from '../../../bench/targets.ts';

const figures: Figures = {
  seconds: 6,
  polls: 12_000,
  coverage: 0.99,
  httpPerPoll: 0.0502,
  storagePerPoll: 0.012,
  cpuUsPerPoll: 20,
  cpuShare: 0.04,
  brokerCpuUsPerPoll: 10,
  graphCpuShare: 0.1,
  residentMb: 200,
  wastedShare: 0,
  itemsPerSecond: 2000,
  earlyItems: 0,
  transitions: 120,
  itemsPerTransition: 100,
  latencyMs: { p50: 1500, p90: 2800, p99: 3100 },
};

function aRun(cpuUsPerPoll: number): GoodRun {
  const quiet = { ...figures, cpuUsPerPoll: cpuUsPerPoll / 2, storagePerPoll: 0.0012 };
  return {
    isFailed: false,
    quiet,
    busy: { ...figures, cpuUsPerPoll },
    storagePerTransition: 2,
    late: 0,
    copies: 0,
  };
}

function anOutcome(name: Outcome['name'], changes: Partial<Outcome> = {}): Outcome {
  return { name, title: name, remark: null, skipped: null, problems: [], runs: [], ...changes };
}

function aResult(steady: readonly Outcome[]): Result {
  return {
    startedAt: '2026-11-22T06:00:00.000Z',
    machine: {
      cpu: 'Some CPU',
      cores: 2,
      memoryGb: 8,
      system: 'linux 6 x64',
      load: 0.1,
      node: 'v24.0.0',
      versions: { undici: '7.30.0' },
    },
    plan: parseOptions([]),
    steady,
    rush: [],
    throttled: [],
    scale: [],
    scaleOut: [],
    restarts: [],
    floors: [
      { jsonUsPerPoll: 2, undiciUsPerPoll: 7 },
      { jsonUsPerPoll: 2, undiciUsPerPoll: 8 },
      { jsonUsPerPoll: 2, undiciUsPerPoll: 9 },
    ],
    sweepReads: [{ rows: 6000, reads: 10, requests: 60, cpuMsPerThousand: 4.5 }],
  };
}

const opwatch = anOutcome('opwatch', { runs: [aRun(20), aRun(22), aRun(30)] });
const naive = anOutcome('naive', { runs: [aRun(1000), aRun(990), aRun(1200)] });
const skipped = anOutcome('bullmq', { skipped: 'no Redis answers' });

describe('a result', () => {
  test('has the median of all runs and what they ranged over', () => {
    expect(spreadOfRuns(opwatch, ({ busy }) => busy.cpuUsPerPoll)).toEqual({ median: 22, min: 20, max: 30 });
    expect(spreadOf([4, 1])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(() => spreadOf([])).toThrow(RangeError);
    expect([percentile([1, 2, 3, 4], 0.5), percentile([1, 2, 3, 4], 0.99), percentile([], 0.5)]).toEqual([
      2,
      4,
      null,
    ]);
  });

  test('has ratios within each repetition, and none of one who failed or did not run', () => {
    const figure = ({ busy }: GoodRun): number | null => busy.cpuUsPerPoll;
    expect(ratioOf(naive, opwatch, figure)).toEqual({ median: 45, min: 40, max: 50 });
    const failed = anOutcome('naive', { ...naive, problems: ['lost: x'] });
    expect(ratioOf(failed, opwatch, figure)).toBeNull();
    expect(ratioOf(skipped, opwatch, figure)).toBeNull();
    expect(spreadOfRuns(failed, figure)).toBeNull();
  });
});

describe('targets', () => {
  const verdicts = (result: Result): Readonly<Record<string, boolean | null>> =>
    Object.fromEntries(targetsOf(result).map((target) => [target.name, isMet(target)]));

  test('are met, missed, or said not to be measured', () => {
    const slow = anOutcome('corelro', { runs: [aRun(100), aRun(100), aRun(100)] });
    expect(verdicts(aResult([opwatch, naive, slow]))).toMatchObject({
      'Graph HTTP requests a poll': true,
      'storage operations an unchanged poll': true,
      'storage operations a transition, when commits are full': null,
      'CPU a poll: naive ÷ Opwatch': true,
      'CPU a poll: core-lro ÷ Opwatch': false,
      'CPU an unchanged poll ÷ JSON floor': true,
      "requests of a sweep's read, a thousand live rows": true,
      'detection, p50 − T/2': true,
      'detection, p99 − T': true,
      '100,000 operations: polls in time': null,
    });
  });

  test('of one who failed are not measured at all', () => {
    const failed = anOutcome('opwatch', { ...opwatch, problems: ['lost: x'] });
    expect(verdicts(aResult([failed, naive]))).toMatchObject({
      'Graph HTTP requests a poll': null,
      'CPU a poll: naive ÷ Opwatch': null,
      'detection, p99 − T': null,
    });
  });
});

describe('a report', () => {
  test('shows medians with ranges, the machine and why somebody is missing', () => {
    const text = fullReport(aResult([opwatch, naive, skipped]));
    expect(text).toContain('Some CPU × 2, 8 GB, linux 6 x64, load 0.1 before the run, Node v24.0.0');
    expect(text).toContain('22 (20–30)');
    expect(text).toContain('- bullmq: skipped, no Redis answers.');
    expect(text).toContain(
      '| CPU a poll: naive ÷ Opwatch | ≥ 25×, aim 50 | 45 (40–50)× | met, not the aim |',
    );
    expect(text).toContain('JSON alone 2 µs, undici with `$batch` 8 (7–9) µs');
  });

  test('has FAIL in place of every figure of one who failed', () => {
    const failed = anOutcome('naive', { ...naive, problems: ['lost: /x: "completed"'] });
    const row = fullReport(aResult([opwatch, failed]))
      .split('\n')
      .find((line) => line.startsWith('| naive |'));
    expect(
      new Set(
        row
          ?.split('|')
          .slice(2, -1)
          .map((cell) => cell.trim()),
      ),
    ).toEqual(new Set(['FAIL']));
    expect(shortReport(aResult([opwatch, failed]))).toContain('| naive | FAIL | FAIL | FAIL | – |');
  });
});

describe('a block of a document', () => {
  const document = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter';

  test('is replaced and nothing else is', () => {
    expect(replaceBlock(document, 'bench', 'new')).toBe(
      'before\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nafter',
    );
  });

  test.each([
    { what: 'has no marks', text: 'nothing' },
    { what: 'has one of two marks', text: '<!-- bench:begin -->' },
    { what: 'has marks in the wrong order', text: '<!-- bench:end --><!-- bench:begin -->' },
    { what: 'has the marks twice', text: `${document}${document}` },
  ])('is refused where the document $what', ({ text }) => {
    expect(() => replaceBlock(text, 'bench', 'new')).toThrow('bench');
  });
});
