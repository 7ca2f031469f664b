// Call notifications over the real app: what becomes of each, for operations that are watched, ended or unknown.
// Rows of the fault matrix: F-66, F-67, F-69, F-71, F-72.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseResource } from '../../../src/domain/resources.ts';
import { present } from '../../fixtures/present.ts';
import { pushOf, type Receiving, startReceiving } from './harness.ts';

let receiving: Receiving;
beforeAll(async () => {
  receiving = await startReceiving();
});
afterAll(() => receiving.stop());

/** An operation that is watched and was never read. */
async function watched(): Promise<{ readonly key: string; readonly path: string }> {
  const [operation] = await receiving.begin(1, 'commsOperation');
  return present(operation);
}

/** A path that nobody watches; its key. */
function unknownPath(): { readonly path: string; readonly key: string } {
  const path = `/communications/calls/${randomUUID()}/operations/${randomUUID()}`;
  return { path, key: present(parseResource(path, receiving.app.home)?.key) };
}

/** States and words of an operation's events, oldest first. */
async function historyOf(key: string): Promise<readonly string[]> {
  const events = (await receiving.app.flows.events(key)) ?? [];
  return events.map((text) => {
    const { data } = JSON.parse(text);
    return `${data.current.state} ${data.current.status} ${data.observedBy}`;
  });
}

/** Ids of what came to the queue since the last look, of one operation. */
async function queuedOf(key: string): Promise<readonly string[]> {
  const events = await receiving.takeEvents();
  return events.filter(({ data }) => data.key === key).map(({ id }) => id.split('-').at(-1) ?? '');
}

describe('a push of a watched operation', () => {
  test('ends it and is on the queue before it is answered', async () => {
    const { key, path } = await watched();
    expect(await receiving.push(pushOf(path, 'completed'))).toMatchObject({ status: 202, text: '' });
    expect(await queuedOf(key)).toEqual(['1']);
    expect(await historyOf(key)).toEqual(['succeeded completed push']);
  });

  test.each<{ form: string; push: (path: string) => unknown }>([
    { form: 'upper-case ids without dashes', push: (path) => pushOf(shout(path), 'completed') },
    {
      form: 'the older root',
      push: (path) => pushOf(path.replace('/communications/', '/app/'), 'completed'),
    },
    {
      form: 'resource in place of resourceUrl',
      push: (path) => pushOf(path, 'completed', { item: { resource: path, resourceUrl: undefined } }),
    },
    { form: 'no id', push: (path) => pushOf(path, 'completed', { data: { id: undefined } }) },
    {
      form: 'a list of entities',
      push: (path) => {
        const push = pushOf(path, 'completed');
        return { ...push, resourceData: [{ id: 'other', status: 'failed' }, push['resourceData']] };
      },
    },
    { form: 'another casing', push: (path) => pushOf(path, 'COMPLETED') },
    {
      form: 'an absolute address',
      push: (path) => pushOf(`${receiving.app.home.root}/v1.0${path}`, 'completed', { data: { id: null } }),
    },
    {
      form: 'a derived type with a result',
      push: (path) =>
        pushOf(path, 'completed', {
          data: { '@odata.type': '#microsoft.graph.recordOperation', resultInfo: { code: 200 } },
        }),
    },
  ])('is understood with $form', async ({ push }) => {
    const { key, path } = await watched();
    expect((await receiving.push(push(path))).status).toBe(202);
    expect(await receiving.app.flows.find(key)).toMatchObject({ state: 'succeeded', sequence: 1 });
  });

  test('carries what the platform says beside the word, but no secret', async () => {
    const { key, path } = await watched();
    const data = {
      clientContext: 'my context',
      resultInfo: { code: 200, subcode: 8515, message: 'Recorded.', accessToken: 'canary-nested' },
      recordingLocation: 'https://example.com/canary-location',
      recordingAccessToken: 'canary-recording',
    };
    await receiving.push(pushOf(path, 'completed', { data }));
    const operation = await receiving.app.flows.find(key);
    expect(operation).toMatchObject({
      clientContext: 'my context',
      result: { code: 200, subcode: 8515, message: 'Recorded.' },
    });
    const shown = JSON.stringify([operation, await receiving.app.flows.events(key), receiving.logged]);
    expect(shown).not.toContain('canary-');
  });

  test('that only its context names is matched by it', async () => {
    const { key, path } = await watched();
    await receiving.push(pushOf(path, 'running', { data: { clientContext: 'only mine' } }));
    const call = path.split('/operations/')[0];
    const resourceData = { status: 'completed', clientContext: 'only mine' };
    await receiving.push({ changeType: 'deleted', resource: `${call}/operations`, resourceData });
    expect((await receiving.app.flows.find(key))?.state).toBe('running');
    await receiving.push({ changeType: 'updated', resourceUrl: call, resourceData });
    expect((await receiving.app.flows.find(key))?.state).toBe('succeeded');
  });

  test('goes forward only, whatever order they come in', async () => {
    const { key, path } = await watched();
    for (const status of ['running', 'completed', 'running', 'notStarted', 'failed', 'completed'])
      expect((await receiving.push(pushOf(path, status))).status).toBe(202);
    expect(await historyOf(key)).toEqual(['running running push', 'succeeded completed push']);
    expect(await queuedOf(key)).toEqual(['1', '2']);
  });

  test('comes fifty times at once and is one transition', async () => {
    const { key, path } = await watched();
    const copies = Array.from({ length: 50 }, () => receiving.push(pushOf(path, 'completed')));
    expect(new Set((await Promise.all(copies)).map(({ status }) => status))).toEqual(new Set([202]));
    expect(await queuedOf(key)).toEqual(['1']);
  });

  test('that changes nothing writes nothing', async () => {
    const { path } = await watched();
    expect(await receiving.push(pushOf(path, 'running'))).toMatchObject({ status: 202 });
    const counts = await receiving.counted(() => receiving.push(pushOf(path, 'running')));
    expect(counts).toEqual({ 'table GET': 1 });
  });

  test('makes no call to Graph', async () => {
    const before = receiving.simulator.control.stats().httpRequests;
    await receiving.push(pushOf((await watched()).path, 'completed'));
    await receiving.push(pushOf(unknownPath().path, 'running'));
    expect(receiving.simulator.control.stats().httpRequests).toBe(before);
  });

  test('wins over a later 404, and over a poll that still says running', async () => {
    const { key, path } = await watched();
    receiving.setAll([{ path }], 'running');
    await receiving.push(pushOf(path, 'failed'));
    receiving.advance(60_000);
    await receiving.sweep('commsOperation');
    receiving.simulator.control.remove(path);
    receiving.advance(60_000);
    await receiving.sweep('commsOperation');
    expect(await historyOf(key)).toEqual(['failed failed push']);
  });
});

describe('a push after the end', () => {
  test.each(['cancelled', 'succeeded'])('changes nothing when it was %s', async (state) => {
    const { key, path } = await watched();
    if (state === 'cancelled') await receiving.app.flows.stop(key, null);
    else await receiving.push(pushOf(path, 'completed'));
    expect((await receiving.push(pushOf(path, 'failed'))).status).toBe(202);
    expect(await receiving.app.flows.find(key)).toMatchObject({ state, sequence: 1 });
  });

  test('that tells the real end of something lost begins a generation that ends with it at once', async () => {
    const { key, path } = await watched();
    receiving.simulator.control.addFault({ fault: 'status', status: 410, where: { path }, times: 1 });
    await receiving.sweep('commsOperation');
    const lost = await receiving.app.flows.find(key);
    expect(lost?.state).toBe('lost');
    await receiving.push(pushOf(path, 'running'));
    expect((await receiving.app.flows.find(key))?.generation).toBe(lost?.generation);
    await receiving.push(pushOf(path, 'completed'));
    await receiving.push(pushOf(path, 'completed'));
    const found = await receiving.app.flows.find(key);
    expect(found).toMatchObject({ state: 'succeeded', sequence: 1, trackedBy: 'push' });
    expect(found?.generation).toBeGreaterThan(lost?.generation ?? 0);
    expect(await historyOf(key)).toEqual(['lost null poll', 'succeeded completed push']);
  });
});

describe('a push of an unknown operation', () => {
  test('begins its tracking, also as ended', async () => {
    const { path, key } = unknownPath();
    await receiving.push(pushOf(path, 'completed'));
    expect(await receiving.app.flows.find(key)).toMatchObject({
      state: 'succeeded',
      trackedBy: 'push',
      sequence: 1,
    });
    expect(await queuedOf(key)).toEqual(['1']);
  });

  test('that says its deletion alone is nothing', async () => {
    const { path, key } = unknownPath();
    expect((await receiving.push(pushOf(path, undefined, { item: { changeType: 'deleted' } }))).status).toBe(
      202,
    );
    expect(await receiving.app.flows.find(key)).toBeNull();
  });
});

describe('a collection', () => {
  test('stores its good items whatever the others are', async () => {
    const { key, path } = await watched();
    const { path: other } = await watched();
    const bad = [
      null,
      'x',
      7,
      {},
      { resourceUrl: 7 },
      { resourceUrl: '/users/x/messages/1', resourceData: { status: 'completed' } },
      { resourceUrl: '/communications/calls/../../users/x', changeType: 'deleted' },
      { resourceUrl: `https://evil.example${other}`, resourceData: { status: 'completed' } },
      { resourceUrl: other, changeType: 'updated', resourceData: { id: 'another', status: 'completed' } },
      { resourceUrl: other, changeType: 'updated', resourceData: { status: 7 } },
      { resourceUrl: other, changeType: 'updated' },
    ];
    expect((await receiving.push(...bad, pushOf(path, 'completed'))).status).toBe(202);
    expect(await historyOf(key)).toEqual(['succeeded completed push']);
    const line = receiving.logged.findLast(({ message }) => message === 'notifications were ignored');
    expect(line?.fields).toMatchObject({ changed: 1, ignored: bad.length });
  });
});

function shout(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment.length > 30 ? segment.replaceAll('-', '').toUpperCase() : segment))
    .join('/');
}
