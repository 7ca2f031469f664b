// Change notifications: the handshake, the secret, and hints. Rows and F-76.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clientState, type Receiving, startReceiving } from './harness.ts';

let receiving: Receiving;
let path: string;
beforeAll(async () => {
  receiving = await startReceiving();
});
beforeEach(async () => {
  const [operation] = await receiving.begin(1, 'commsOperation');
  path = operation?.path ?? '';
  receiving.simulator.control.zero();
});
afterAll(() => receiving.stop());

function validate(token: string) {
  return receiving.send('graph', {
    query: `?validationToken=${encodeURIComponent(token)}`,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  });
}

function notify(...items: readonly unknown[]) {
  return receiving.send('graph', { body: JSON.stringify({ value: items }) });
}

describe('A-68: a validation token', () => {
  test.each(['Validation: Testing client application reachability', 'a%20b+c&d=e', "x'y;z", 'ü€😀', '1'])(
    'is given back as plain text: %s',
    async (token) => {
      const answer = await validate(token);
      expect(answer).toMatchObject({ status: 200, text: token });
      expect(answer.headers).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
      });
    },
  );

  test.each(['', '<script>alert(1)</script>', 'a\r\nset-cookie: x', 'a\0b', 'x'.repeat(4097), 'a\u0085b'])(
    'is refused when it could do harm: %j',
    async (token) => {
      expect(await validate(token)).toMatchObject({ status: 400, code: 'validation_token_invalid' });
    },
  );
});

describe('A-67: a change notification', () => {
  const accepted = { subscriptionId: 's', changeType: 'updated', clientState };

  test('with the secret is a hint: what it names is read once', async () => {
    expect((await notify({ ...accepted, resource: path.slice(1) })).status).toBe(202);
    await expect.poll(() => receiving.simulator.control.stats().items).toBe(1);
  });

  test.each([
    { what: 'another secret', item: { clientState: 'x' } },
    { what: 'a longer secret', item: { clientState: `${clientState}x` } },
    { what: 'no secret', item: { clientState: undefined } },
    { what: 'a secret that is no text', item: { clientState: [clientState] } },
  ])('with $what gets the same answer and is ignored', async ({ item }) => {
    const answer = await notify({ ...accepted, resource: path, ...item });
    expect(answer).toMatchObject({ status: 202, text: '' });
    const line = receiving.logged.findLast(({ message }) => message === 'change notifications');
    expect(line?.fields).toMatchObject({ accepted: 0, rejected: 1 });
    expect(receiving.simulator.control.stats().items).toBe(0);
  });

  test('with rich content is from no subscription of ours', async () => {
    const body = JSON.stringify({ value: [{ ...accepted, resource: path }], validationTokens: ['x'] });
    expect((await receiving.send('graph', { body })).status).toBe(202);
    expect(receiving.logged.at(-1)?.fields).toMatchObject({ accepted: 0, rejected: 1 });
  });

  test('that names nothing of ours reads nothing', async () => {
    expect((await notify({ ...accepted, resource: 'users/x/messages/1' }, { ...accepted })).status).toBe(202);
    expect(receiving.simulator.control.stats().httpRequests).toBe(0);
  });

  test.each(['reauthorizationRequired', 'subscriptionRemoved', 'missed'])(
    'of the life cycle is answered and counted: %s',
    async (lifecycleEvent) => {
      expect((await notify({ ...accepted, lifecycleEvent, resource: path })).status).toBe(202);
      const line = receiving.logged.findLast(({ message }) => message === 'change notifications');
      expect(line?.fields).toMatchObject({ accepted: 1, lifecycle: [lifecycleEvent] });
    },
  );

  test('is never accepted while no secret is set', async () => {
    const other = await startReceiving({ OPWATCH_NOTIFICATIONS_CLIENT_STATE: '' });
    try {
      const item = { ...accepted, clientState: '', resource: path };
      expect((await other.send('graph', { body: JSON.stringify({ value: [item] }) })).status).toBe(202);
      expect(other.logged.at(-1)?.fields).toMatchObject({ accepted: 0, rejected: 1 });
    } finally {
      await other.stop();
    }
  });

  test('shows its secret nowhere', async () => {
    await notify({ ...accepted, resource: path });
    expect(JSON.stringify(receiving.logged)).not.toContain('canary');
  });
});
