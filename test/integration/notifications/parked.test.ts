// Notifications that come before the registration, where unknown operations are not tracked by themselves (F-66).
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NamedResource, parseResource } from '../../../src/domain/resources.ts';
import { present } from '../../fixtures/present.ts';
import { pushOf, type Receiving, startReceiving } from './harness.ts';

let receiving: Receiving;
beforeAll(async () => {
  receiving = await startReceiving({ OPWATCH_CALLS_AUTO_TRACK: 'false' });
});
afterAll(() => receiving.stop());

function unknown(): NamedResource {
  const path = `/communications/calls/${randomUUID()}/operations/${randomUUID()}`;
  receiving.simulator.control.addOperation({
    kind: 'commsOperation',
    parent: path.split('/')[3] ?? '',
    id: path.split('/')[5] ?? '',
    script: [{ afterMs: 0, status: 'running' }],
  });
  return present(parseResource(path, receiving.app.home));
}

function register(named: NamedResource) {
  const what = { label: null, metadata: {}, deadlineMs: null, restartAfter: null } as const;
  return receiving.app.flows.track({ named, ...what, trackedBy: 'api' });
}

test('the end that came first is applied before Graph is read, once it is registered', async () => {
  const named = unknown();
  expect((await receiving.push(pushOf(named.resource.path, 'completed'))).status).toBe(202);
  expect(await receiving.app.flows.find(named.key)).toBeNull();
  await register(named);
  const itemsBefore = receiving.simulator.control.stats().items;
  await receiving.sweep('commsOperation');
  expect(await receiving.app.flows.find(named.key)).toMatchObject({ state: 'succeeded', sequence: 1 });
  expect(receiving.simulator.control.stats().items).toBe(itemsBefore);
  expect((await receiving.takeEvents()).map(({ data }) => data.key)).toContain(named.key);
});

test('of several the word that says most is kept, in any order', async () => {
  const named = unknown();
  for (const status of ['running', 'completed', 'running', 'failed'])
    await receiving.push(pushOf(named.resource.path, status));
  await register(named);
  await receiving.sweep('commsOperation');
  expect(await receiving.app.flows.find(named.key)).toMatchObject({ state: 'succeeded', sequence: 1 });
});

test('registration and notification at the same time lose nothing', async () => {
  const named = Array.from({ length: 30 }, unknown);
  await Promise.all(
    named.flatMap((one) => [register(one), receiving.push(pushOf(one.resource.path, 'completed'))]),
  );
  await receiving.sweep('commsOperation');
  const found = await Promise.all(named.map(({ key }) => receiving.app.flows.find(key)));
  expect(found.map((one) => one?.state)).toEqual(named.map(() => 'succeeded'));
});

test('what nobody registers is dropped after fifteen minutes, and said so', async () => {
  const named = unknown();
  await receiving.push(pushOf(named.resource.path, 'completed'));
  receiving.advance(14 * 60_000);
  await receiving.sweep('commsOperation');
  receiving.advance(2 * 60_000);
  await receiving.sweep('commsOperation');
  const dropped = receiving.logged.filter(({ message }) => message.startsWith('parked push was dropped'));
  expect(dropped.map(({ fields }) => fields['operationKey'])).toContain(named.key);
  await register(named);
  await receiving.sweep('commsOperation');
  expect((await receiving.app.flows.find(named.key))?.state).toBe('running');
});
