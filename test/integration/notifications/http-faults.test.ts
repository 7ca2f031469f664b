// What goes wrong with notifications, row by row of the fault matrix, over HTTP: the built app in the local host, and a
// platform that sends them.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { demoBot } from '../../../dev/start/settings.ts';
import type { ProxyMode } from '../../fixtures/storage-proxy.ts';
import { pushOf } from './harness.ts';
import { callsRoute, type Platform, startPlatform, type Told } from './platform.ts';

const env = {
  OPWATCH_COMMS_OPERATION_FIRST_POLL_SECONDS: '5',
  OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS: '5',
};
let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ env });
});
afterEach(() => {
  platform.storage.mode = 'pass';
  platform.simulator.control.clearFaults();
});
afterAll(() => platform.stop());

const runs = [[0, 'running']] as const;
const endsSoon = [
  [0, 'running'],
  [1000, 'completed'],
] as const;

/** Of an operation that only the test tells of. */
async function watched(): Promise<Told> {
  const told = platform.begin(runs, { announced: false });
  expect(await platform.register(told)).toMatchObject({ status: 201 });
  return told;
}

/** Numbers of its events on the queue since the last look. */
async function queuedOf({ key }: Told): Promise<readonly number[]> {
  const events = (await platform.takeMessages()).map((text) => JSON.parse(text).data);
  return events.filter((data) => data.key === key).map(({ sequence }) => sequence);
}

async function generationOf({ key }: Told): Promise<number> {
  return Number((await platform.get(`/api/operations/${key}`)).json['generation']);
}

describe('F-66: a notification before the registration', () => {
  test('begins the watch by default, and the registration finds it', async () => {
    const told = platform.begin(runs);
    await platform.settle();
    expect(await platform.historyOf(told)).toEqual(['running running push']);
    expect(await platform.register(told)).toMatchObject({ status: 200, json: { trackedBy: 'push' } });
    expect(await queuedOf(told)).toEqual([1]);
  });

  test('waits for it where the watch is not to begin by itself, and for fifteen minutes', async () => {
    const other = await startPlatform({ env: { ...env, OPWATCH_CALLS_AUTO_TRACK: 'false' } });
    try {
      const [early, together, forgotten] = [endsSoon, endsSoon, endsSoon].map((life) => other.begin(life));
      await other.advance(1000);
      const at = { early, together, forgotten } as Readonly<Record<string, Told>>;
      const register = (name: string) => other.register(at[name] as Told);
      await Promise.all([other.settle(), register('together')]);
      expect(await other.stateOf(at['early'] as Told)).toBe('undefined');
      await register('early');
      other.simulator.control.zero();
      await other.sweep();
      expect(await other.historyOf(at['early'] as Told)).toEqual(['succeeded completed push']);
      expect((await other.historyOf(at['together'] as Told)).at(-1)).toBe('succeeded completed push');
      expect(other.simulator.control.stats().items).toBe(0);
      await other.advance(16 * 60_000);
      await other.sweep();
      expect(other.lines.join('\n')).toContain('parked push was dropped');
      await register('forgotten');
      expect(await other.stateOf(at['forgotten'] as Told)).toBe('pending');
    } finally {
      await other.stop();
    }
  });
});

describe('F-67: a notification after the end', () => {
  test('is answered 202 and changes nothing', async () => {
    const told = await watched();
    await platform.push(pushOf(told.path, 'completed'));
    expect(await platform.push(pushOf(told.path, 'failed'))).toMatchObject({ status: 202, text: '' });
    expect(await platform.historyOf(told)).toEqual(['succeeded completed push']);
  });

  test('is one transition when it comes fifty times at once', async () => {
    const told = platform.begin(runs);
    platform.simulator.control.addFault({ fault: 'pushCopies', count: 49, where: { changeType: 'deleted' } });
    platform.simulator.control.setStatus({ path: told.path, status: 'completed' });
    await platform.settle();
    const ends = platform.simulator.control
      .pushes()
      .filter(({ items }) => items[0]?.path === told.path && items[0].status === 'completed');
    expect(ends).toHaveLength(50);
    // A machine that is busy with other things may ask some to come again.
    for (const { status } of ends) expect([202, 503]).toContain(status);
    expect((await platform.historyOf(told)).at(-1)).toBe('succeeded completed push');
    expect(new Set(await queuedOf(told))).toEqual(new Set([1, 2]));
  });

  test('that tells the real end of what was lost begins a generation that ends at once', async () => {
    const told = await watched();
    platform.simulator.control.addFault({ fault: 'status', status: 410, where: { path: told.path } });
    await platform.advance(10_000);
    await platform.sweep();
    expect(await platform.stateOf(told)).toBe('lost');
    await expectNewGeneration(told);
  });

  test('that tells the real end of what expired begins a generation that ends at once', async () => {
    const told = platform.begin(runs, { announced: false });
    await platform.post({ resource: told.path, deadlineSeconds: 1 });
    await platform.advance(10_000);
    await platform.sweep();
    expect(await platform.stateOf(told)).toBe('expired');
    await expectNewGeneration(told);
  });

  async function expectNewGeneration(told: Told): Promise<void> {
    const before = await generationOf(told);
    await platform.push(pushOf(told.path, 'running'));
    expect(await generationOf(told)).toBe(before);
    await Promise.all([1, 2].map(() => platform.push(pushOf(told.path, 'completed'))));
    expect(await generationOf(told)).toBeGreaterThan(before);
    expect((await platform.historyOf(told)).slice(-1)).toEqual(['succeeded completed push']);
    expect(await platform.stateOf(told)).toBe('succeeded');
  }
});

describe('F-69: notifications out of order', () => {
  test('go forward only, and a poll that lags changes nothing', async () => {
    const told = await watched();
    for (const status of ['completed', 'running', 'notStarted', 'failed'])
      expect(await platform.push(pushOf(told.path, status))).toMatchObject({ status: 202 });
    await platform.advance(60_000);
    await platform.sweep();
    expect(await platform.historyOf(told)).toEqual(['succeeded completed push']);
    // Time jumps over the moment in which the outbox is cleared: a copy may be sent.
    expect(new Set(await queuedOf(told))).toEqual(new Set([1]));
  });

  test('that are told before Graph shows them win over the poll in between', async () => {
    platform.simulator.control.addFault({ fault: 'pushEarly', ms: 60_000, where: { changeType: 'deleted' } });
    const told = platform.begin(endsSoon);
    await platform.register(told);
    await platform.advance(1000);
    await platform.settle();
    await platform.advance(20_000);
    await platform.sweep();
    expect((await platform.historyOf(told)).at(-1)).toBe('succeeded completed push');
  });
});

describe('F-71: a notification', () => {
  test('that is lost is made good by polling', async () => {
    const call = randomUUID();
    platform.simulator.control.addFault({ fault: 'pushLoss', where: { path: call } });
    const told = platform.begin(endsSoon, { call });
    await platform.register(told);
    await platform.advance(10_000);
    await platform.settle();
    await platform.sweep();
    expect(await platform.historyOf(told)).toEqual(['succeeded completed poll']);
  });

  test('of the end stands, though the call is gone right after it', async () => {
    const told = await watched();
    await platform.push(pushOf(told.path, 'completed'));
    platform.simulator.control.remove(told.path);
    for (let sweep = 0; sweep < 4; sweep += 1) {
      await platform.advance(30_000);
      await platform.sweep();
    }
    expect(await platform.historyOf(told)).toEqual(['succeeded completed push']);
  });
});

test('F-72: malformed and foreign items harm no good one in their collection, and are counted', async () => {
  platform.simulator.control.addFault({ fault: 'pushStrangers', times: 1 });
  const told = platform.begin(runs);
  await platform.settle();
  expect(platform.simulator.control.pushes().at(-1)).toMatchObject({ status: 202 });
  expect(await platform.historyOf(told)).toEqual(['running running push']);
  const line = platform.lines.findLast((one) => one.includes('notifications were ignored')) ?? '{}';
  expect(JSON.parse(line)).toMatchObject({ changed: 1, ignored: 6 });
});

describe('F-73: while storage', () => {
  test.each<{ mode: ProxyMode }>([{ mode: 'busy' }, { mode: 'hang' }, { mode: 'reset' }])(
    'answers by $mode nothing is acknowledged that is not stored, and it is asked for again',
    async ({ mode }) => {
      const told = await watched();
      platform.storage.mode = mode;
      const startedMs = performance.now();
      expect(await platform.push(pushOf(told.path, 'completed'))).toMatchObject({
        status: 503,
        headers: { 'retry-after': '1' },
      });
      expect(performance.now() - startedMs).toBeLessThan(5000);
      platform.storage.mode = 'pass';
      expect(await platform.push(pushOf(told.path, 'completed'))).toMatchObject({ status: 202 });
      expect(await platform.historyOf(told)).toEqual(['succeeded completed push']);
    },
  );

  test('refuses only the queue it is taken, and published later', async () => {
    const told = await watched();
    platform.storage.mode = (what) => (what === 'queue POST' ? 'busy' : 'pass');
    expect(await platform.push(pushOf(told.path, 'completed'))).toMatchObject({ status: 202 });
    platform.storage.mode = 'pass';
    expect(await queuedOf(told)).toEqual([]);
    await platform.advance(16_000);
    await platform.sweep();
    expect(await queuedOf(told)).toEqual([1]);
  });
});

test('F-73: of a thousand in ten seconds none is dropped without a word', { timeout: 90_000 }, async () => {
  const uri = platform.host.url + callsRoute;
  const load = { uri, ...demoBot, ratePerSecond: 100, seconds: 10, deadlineMs: 60_000, seed: 3 };
  const { sent, byStatus } = await platform.simulator.control.loadPushes(load);
  expect(sent).toBe(1000);
  // A machine that is busy with other things may ask to come again.
  expect((byStatus['202'] ?? 0) + (byStatus['503'] ?? 0)).toBe(1000);
});

test('a notification is on the queue when it is answered, and no timer ran', async () => {
  const told = await watched();
  expect(await platform.push(pushOf(told.path, 'completed'))).toMatchObject({ status: 202 });
  expect(await queuedOf(told)).toEqual([1]);
});
