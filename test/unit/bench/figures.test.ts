// From counts at two moments to what a poll costs.
import { describe, expect, test } from 'vitest';
import { type Figures, figuresOf, type Snapshot, storagePerTransition } from '../../../bench/figures.ts';
import type { History } from '../../../bench/verdict.ts';

const start: Snapshot = {
  atMs: 10_000,
  httpRequests: 100,
  items: 2000,
  throttledItems: 0,
  earlyItems: 0,
  storageReads: 10,
  storageWrites: 5,
  brokerOperations: 0,
  cpuMs: 500,
  brokerCpuMs: 300,
  graphCpuMs: 50,
  residentBytes: 100 * 1024 * 1024,
};
const end: Snapshot = {
  ...start,
  atMs: 20_000,
  httpRequests: 150,
  items: 3000,
  throttledItems: 200,
  earlyItems: 3,
  storageReads: 14,
  storageWrites: 9,
  cpuMs: 516,
  brokerCpuMs: 340,
  graphCpuMs: 60,
  residentBytes: 120 * 1024 * 1024,
};
/** Both are there to be polled for the whole window, the second one for half of it. */
const histories: readonly History[] = [
  { path: 'a', changes: [{ status: 'unspecified', atMs: 0 }] },
  {
    path: 'b',
    changes: [
      { status: 'unspecified', atMs: 0 },
      { status: 'completed', atMs: 15_000 },
    ],
  },
];
const detections = [
  { changedAtMs: 9000, arrivedAtMs: 9500 },
  { changedAtMs: 12_000, arrivedAtMs: 12_400 },
  { changedAtMs: 15_000, arrivedAtMs: 16_000 },
];

describe('figures of a window', () => {
  const figures = figuresOf({ from: start, to: end }, { intervalMs: 10 }, { histories, detections });

  test('refused items are no polls, and all counts are made a poll', () => {
    expect(figures).toMatchObject({
      polls: 800,
      httpPerPoll: 50 / 800,
      storagePerPoll: 8 / 800,
      cpuUsPerPoll: 20,
      brokerCpuUsPerPoll: 50,
      wastedShare: 0.2,
      itemsPerSecond: 80,
      earlyItems: 3,
      residentMb: 120,
    });
  });

  test('coverage is polls made by polls that those asked for that had not ended', () => {
    expect(figures.coverage).toBeCloseTo(800 / 1500, 10);
  });

  test('only what was told within the window counts for its latency', () => {
    expect(figures).toMatchObject({ transitions: 2, latencyMs: { p50: 400, p90: 1000, p99: 1000 } });
  });

  test('a window without polls has no costs, and one without transitions no latency', () => {
    const still = { ...start, atMs: 20_000 };
    const none = figuresOf({ from: start, to: still }, { intervalMs: 10 }, { histories, detections: [] });
    expect(none).toMatchObject({
      polls: 0,
      coverage: 0,
      httpPerPoll: null,
      storagePerPoll: null,
      cpuUsPerPoll: null,
      brokerCpuUsPerPoll: null,
      wastedShare: 0,
      itemsPerTransition: null,
      latencyMs: null,
    });
  });

  test('a broker that says nothing of its CPU has no figure for it', () => {
    const silent = { ...end, brokerCpuMs: null };
    const seen = { histories, detections };
    expect(figuresOf({ from: start, to: silent }, { intervalMs: 10 }, seen).brokerCpuUsPerPoll).toBeNull();
  });
});

describe('storage operations a transition', () => {
  const figures = figuresOf({ from: start, to: end }, { intervalMs: 10 }, { histories, detections });
  const quiet: Figures = { ...figures, storagePerPoll: 0.002 };

  test('are what the busy window has more than its polls alone would', () => {
    expect(storagePerTransition(quiet, figures)).toBeCloseTo((0.01 - 0.002) * 400, 10);
  });

  test.each([
    { what: 'without transitions', quiet, busy: { ...figures, transitions: 0 } },
    { what: 'of those whose every poll writes', quiet: { ...quiet, storagePerPoll: 1 }, busy: figures },
    { what: 'where nothing was polled', quiet: { ...quiet, storagePerPoll: null }, busy: figures },
  ])('have no figure $what', ({ quiet: before, busy }) => {
    expect(storagePerTransition(before, busy)).toBeNull();
  });
});
