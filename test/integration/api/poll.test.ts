// POST /api/operations/{key}/poll: one read of Graph now, never one that Graph or the caller's rate forbids.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import type { Answer } from './client.ts';
import { type Api, startApi } from './harness.ts';
import { askUntilLimited } from './limits.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
beforeEach(() => {
  api.simulator.control.clearFaults();
  api.simulator.control.zero();
});

const poll = (key: string, caller = 'canary-one'): Promise<Answer> =>
  api.send('POST', `/api/operations/${key}/poll`, { headers: { 'x-functions-key': caller } });
const graphCalls = (): number => api.simulator.control.stats().httpRequests;

async function trackComms(): Promise<string> {
  const { json } = await api.post({ resource: api.addOperation('commsOperation') });
  return String(json['key']);
}

test('answers with the operation after one read', async () => {
  const { key } = await api.track();
  expect(await poll(key)).toMatchObject({
    status: 200,
    json: {
      state: 'running',
      status: 'inprogress',
      statusKnown: true,
      sequence: 1,
      health: { status: 'ok' },
    },
  });
  expect(graphCalls()).toBe(1);
  const [event] = (await api.takeMessages()).map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(event).toMatchObject({ subject: key, type: 'opwatch.connectionOperation.running' });
});

test('of an ended operation is refused without a read, of an unknown one too', async () => {
  const { key } = await api.track();
  await api.send('DELETE', `/api/operations/${key}`);
  expect(await poll(key)).toMatchObject({ status: 409, json: { code: 'operation_ended' } });
  expect(await poll('c'.padEnd(26, 'a'))).toMatchObject({ status: 404, json: { code: 'not_found' } });
  expect(graphCalls()).toBe(0);
});

test('takes no query', async () => {
  const { key } = await api.track();
  const answer = await api.send('POST', `/api/operations/${key}/poll?force=true`);
  expect(answer).toMatchObject({ status: 400, json: { code: 'query_invalid' } });
  expect(graphCalls()).toBe(0);
});

describe('when Graph can not be read', () => {
  test.each<[string, FaultInput]>([
    ['500', { fault: 'status', status: 500 }],
    ['503 for all', { fault: 'status', on: 'request', status: 503, retryAfter: null }],
    ['a page', { fault: 'html' }],
    ['nothing', { fault: 'empty' }],
    ['another operation', { fault: 'otherId' }],
    ['a broken connection', { fault: 'reset' }],
    ['a status that is a number', { fault: 'statusWord', value: 3 }],
    ['no answer for it', { fault: 'batchMissing' }],
  ])('(%s) it is 502, and nothing is concluded', async (_what, fault) => {
    const { key } = await api.track();
    api.simulator.control.addFault(fault);
    const answer = await poll(key);
    expect(answer).toMatchObject({ status: 502, json: { code: 'graph_error' } });
    const after = await api.get(`/api/operations/${key}`);
    expect(after.json).toMatchObject({ state: 'pending', sequence: 0, health: { status: 'unreadable' } });
    const { code } = after.json['health'] as { readonly code: string };
    expect(answer.json['detail']).toBe(`Graph could not be read (${code}).`);
    expect(await api.get(`/api/operations/${key}/events`)).toMatchObject({ text: '{"value":[]}' });
  });

  test.each([
    [403, 'blocked'],
    [401, 'blocked'],
  ])('(%i) it is 200 and says who has to do something', async (status, health) => {
    const { key } = await api.track();
    api.simulator.control.addFault({ fault: 'status', status, code: 'Forbidden' });
    const { json } = await poll(key);
    expect(json).toMatchObject({ state: 'pending', health: { status: health, code: 'Forbidden' } });
  });

  test('(404) it is lost no sooner for being asked more often', async () => {
    const { key, path } = await api.track();
    api.simulator.control.remove(path);
    for (let asked = 0; asked < 6; asked += 1)
      expect(await poll(key)).toMatchObject({ status: 200, json: { state: 'pending' } });
  });
});

test('while its tenant is throttled is 429 with the rest of the wait, and Graph is left alone', async () => {
  const [one, other] = [await trackComms(), await trackComms()];
  const connection = await api.track();
  api.simulator.control.addFault({
    fault: 'throttle',
    retryAfter: 29.2,
    where: { kind: 'commsOperation' },
    times: 1,
  });
  const answers = [await poll(one), await poll(one), await poll(other)];
  for (const { status, json, headers } of answers) {
    expect([status, json['code']]).toEqual([429, 'graph_throttled']);
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(25);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(30);
  }
  expect(api.simulator.control.stats()).toMatchObject({ httpRequests: 1, earlyCalls: 0 });
  expect(await api.get(`/api/operations/${one}`)).toMatchObject({
    json: {
      state: 'pending',
      health: { status: 'throttled', explanation: expect.stringMatching(/^Graph asked us to wait/) },
    },
  });
  expect(await poll(connection.key)).toMatchObject({ status: 200 });
});

describe('A-62: a loop of one caller', () => {
  test('is slowed down, without harm to others', async () => {
    const { key, path } = await api.track();
    const loop = 'canary-loop';
    // Of an operation that nobody tracks: refused or not, these cost little, so that the loop is fast anywhere.
    const answers = await askUntilLimited(() => poll('c'.padEnd(26, 'a'), loop));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(40);
    for (const answer of refused)
      expect(answer).toMatchObject({ headers: { 'retry-after': '1' }, json: { code: 'rate_limited' } });
    expect(graphCalls()).toBe(0);
    expect(await poll(key, 'canary-other')).toMatchObject({ status: 200 });
    const headers = { 'x-functions-key': loop };
    expect(await api.get(`/api/operations/${key}`, headers)).toMatchObject({ status: 200 });
    expect(await api.post({ resource: path }, headers)).toMatchObject({ status: 200 });
  });
});
