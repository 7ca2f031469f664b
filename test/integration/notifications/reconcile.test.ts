// Pushes and polls together: where pushes come, polls are a proof; where one is missing, polls fill it in.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseResource } from '../../../src/domain/resources.ts';
import { present } from '../../fixtures/present.ts';
import { pushOf, type Receiving, startReceiving } from './harness.ts';

let receiving: Receiving;
beforeAll(async () => {
  receiving = await startReceiving();
});
afterAll(() => receiving.stop());

type Begun = { readonly key: string; readonly path: string };

/** Operations of one call that are watched and were seen running. */
async function beginInOneCall(count: number): Promise<readonly Begun[]> {
  const call = randomUUID();
  const begun: Begun[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = randomUUID();
    const script = [{ afterMs: 0, status: 'running' }];
    receiving.simulator.control.addOperation({ kind: 'commsOperation', parent: call, id, script });
    const path = `/communications/calls/${call}/operations/${id}`;
    const named = present(parseResource(path, receiving.app.home));
    const what = { label: null, metadata: {}, deadlineMs: null, restartAfter: null } as const;
    await receiving.app.flows.track({ named, ...what, trackedBy: 'api' });
    begun.push({ key: named.key, path });
  }
  await receiving.sweep('commsOperation');
  return begun;
}

/** That notifications come for a call is stored a moment after the first. */
async function untilRemembered({ key }: Begun): Promise<void> {
  const explanation = async () => (await receiving.app.flows.find(key))?.health.explanation;
  await expect.poll(explanation, { timeout: 10_000 }).toContain('Notifications come for its call');
}

/** Sweeps as the timer does, and counts what Graph was asked of these operations. */
async function readsOver(operations: readonly Begun[], minutes: number): Promise<number> {
  receiving.simulator.control.zero();
  for (let tick = 0; tick < minutes * 4; tick += 1) {
    receiving.advance(15_000);
    await receiving.sweep('commsOperation');
  }
  const paths = new Set(operations.map(({ path }) => path));
  return receiving.simulator.control
    .requests()
    .flatMap(({ body }) => (body as { requests?: readonly { url: string }[] } | null)?.requests ?? [])
    .filter(({ url }) => paths.has(url)).length;
}

test('a call that sends notifications is polled rarely, and at once when one is overdue', async () => {
  const [silent, spoken] = (await beginInOneCall(2)) as [Begun, Begun];
  await receiving.push(pushOf(spoken.path, 'completed'));
  await untilRemembered(silent);
  // Usually read four times a minute; now once when a minute has passed, and not again in the next four.
  expect(await readsOver([silent], 5)).toBe(1);
});

test('an end whose notification was lost is found by the proof', async () => {
  const [silent, spoken] = (await beginInOneCall(2)) as [Begun, Begun];
  await receiving.push(pushOf(spoken.path, 'completed'));
  await untilRemembered(silent);
  receiving.setAll([silent], 'completed');
  await readsOver([silent], 2);
  const events = (await receiving.app.flows.events(silent.key)) ?? [];
  expect(JSON.parse(events.at(-1) ?? '{}').data).toMatchObject({
    observedBy: 'poll',
    current: { state: 'succeeded' },
  });
});

test('a call without notifications is polled as ever', async () => {
  const operations = await beginInOneCall(1);
  // Twenty times in five minutes; two points of the grid between two ticks are one read.
  expect(await readsOver(operations, 5)).toBeGreaterThanOrEqual(12);
});

test('when the call has ended its operations are read at once, and are lost with that evidence', async () => {
  const [mute, last] = (await beginInOneCall(2)) as [Begun, Begun];
  const call = mute.path.split('/operations/')[0] ?? '';
  receiving.simulator.control.endCall(call.split('/').at(-1) ?? '');
  const ended = { '@odata.type': '#microsoft.graph.call', state: 'terminated' };
  const item = { changeType: 'deleted', resourceUrl: call, resourceData: ended };
  expect((await receiving.push(item, pushOf(last.path, 'completed'))).status).toBe(202);
  expect((await receiving.app.flows.find(last.key))?.state).toBe('succeeded');
  expect(await readsOver([mute], 0.5)).toBeGreaterThanOrEqual(1);
  expect((await receiving.app.flows.find(mute.key))?.health).toMatchObject({ status: 'missing' });
  await readsOver([mute], 1.5);
  const events = (await receiving.app.flows.events(mute.key)) ?? [];
  expect(JSON.parse(events.at(-1) ?? '{}').data).toMatchObject({
    current: { state: 'lost' },
    evidence: { httpStatus: 404, deletedAt: expect.any(String) },
  });
});

test('an operation that is deleted without a word is read, and the answer counts', async () => {
  const [operation] = (await beginInOneCall(1)) as [Begun];
  receiving.setAll([operation], 'failed');
  await receiving.push(pushOf(operation.path, undefined, { item: { changeType: 'deleted' } }));
  await readsOver([operation], 0.5);
  expect((await receiving.app.flows.find(operation.key))?.state).toBe('failed');
});

test('a call that is silent for longer than the platform keeps one is said so', async () => {
  const [operation] = await beginInOneCall(1);
  receiving.advance(46 * 60_000);
  const view = await receiving.app.flows.find(operation?.key ?? '');
  expect(view?.health.explanation).toContain('longer than the platform keeps a silent call');
});

test('the shard remembers how ends were seen, and how late notifications were', async () => {
  const other = await startReceiving();
  try {
    const [pushed, polled] = await other.begin(2, 'commsOperation');
    await other.push(pushOf(pushed?.path ?? '', 'completed'));
    other.setAll([{ path: polled?.path ?? '' }], 'completed');
    await other.sweep('commsOperation');
    other.advance(5000);
    await other.push(pushOf(polled?.path ?? '', 'completed'));
    // Counts are stored within a minute, and together with what is remembered of a call.
    await other.push(pushOf((await other.begin(1, 'commsOperation'))[0]?.path ?? '', 'running'));
    const ends = async () => {
      const { details } = await other.app.flows.checkReadiness(true);
      return details?.shards.find(({ shard }) => shard === 'commsOperation-00')?.ends;
    };
    await expect.poll(ends, { timeout: 10_000 }).toMatchObject({ byPush: 1, byPoll: 1, byBoth: 1 });
    const late = (await ends())?.pushLateSeconds;
    expect(late?.max).toBeGreaterThanOrEqual(5);
    expect(late?.mean).toBe(late?.max);
  } finally {
    await other.stop();
  }
});
