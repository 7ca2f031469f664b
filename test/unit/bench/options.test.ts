// Options of the bench: what each mode measures, and what makes no sense.
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../../bench/options.ts';

describe('a plan', () => {
  test('has three repetitions, all peers, a rush of changes and a quota by default', () => {
    expect(parseOptions([])).toMatchObject({
      mode: 'default',
      repetitions: 3,
      peers: ['naive', 'corelro', 'bullmq', 'pgboss'],
      throttled: { workload: { throttle: { type: 'quota', itemsPerSecond: 500 } } },
      scale: null,
      isWritten: false,
    });
  });

  test('is one repetition of three contestants when it must be quick', () => {
    expect(parseOptions(['--quick'])).toMatchObject({
      mode: 'quick',
      repetitions: 1,
      peers: ['naive', 'corelro'],
      rush: null,
      throttled: null,
      scale: null,
    });
  });

  test('has 20,000 and 100,000 operations at 10 seconds when it is full', () => {
    expect(parseOptions(['--full'])).toMatchObject({
      steady: { operations: 20_000, intervalMs: 10_000 },
      scale: { operations: 100_000, intervalMs: 10_000, hosts: 1 },
      scaleOut: [{ hosts: 1 }, { hosts: 2 }, { hosts: 4 }],
      restarts: [{ operations: 20_000 }, { operations: 100_000 }],
    });
  });

  test('takes every option', () => {
    const options = {
      '--ops': '500',
      '--interval': '10',
      '--tick': '5',
      '--latency': '0',
      '--transition-rate': '0.02',
      '--durations': 'bimodal',
      '--throttle': 'p:0.05',
      '--peers': 'naive',
      '--reps': '2',
      '--seed': '7',
      '--json': 'x.json',
    };
    expect(parseOptions([...Object.entries(options).flat(), '--write'])).toMatchObject({
      seed: 7,
      latencyMs: 0,
      peers: ['naive'],
      repetitions: 2,
      steady: {
        operations: 500,
        intervalMs: 10_000,
        tickMs: 5000,
        transitionRate: 0.02,
        durations: 'bimodal',
      },
      throttled: { workload: { throttle: { type: 'probability', share: 0.05 } } },
      isWritten: true,
      jsonPath: 'x.json',
    });
  });

  test.each([
    ['--ops', '0'],
    ['--ops', 'many'],
    ['--interval', '1.5'],
    ['--tick', '7'],
    ['--transition-rate', '2'],
    ['--durations', 'uniform'],
    ['--throttle', 'quota:0'],
    ['--throttle', 'sometimes'],
    ['--peers', 'naive,opwatch'],
    ['--peers', 'durable'],
    ['--quick', '--full'],
  ])('is refused for %s %s', (name, value) => {
    expect(() => parseOptions([name, value])).toThrow(RangeError);
  });
});
