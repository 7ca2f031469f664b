// One token for all of a process's calls: how often the sign-in service is asked, and which token Graph sees.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { change, connection, issuedBy, type SignedIn, startSignedIn, tenant } from './harness.ts';

let signedIn: SignedIn;
beforeEach(async () => {
  signedIn = await startSignedIn();
});
afterEach(() => signedIn.stop());

function statusesOf(answers: readonly { readonly status: number }[]): readonly number[] {
  return [...new Set(answers.map(({ status }) => status))];
}

describe('a token', () => {
  test('is asked for once by twenty calls at the same time, and is all that Graph sees', async () => {
    const { signIn, proxy, tokensSeen } = signedIn;
    const calls = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? proxy.get(connection) : proxy.patch(connection, change),
    );
    expect(statusesOf(await Promise.all(calls))).toEqual([200, 204]);
    expect(signIn.requests()).toMatchObject([
      {
        host: new URL(signIn.url).host,
        tenant,
        form: { scope: `${proxy.simulator.url}/.default`, grant_type: 'client_credentials' },
      },
    ]);
    expect(tokensSeen()).toEqual({ [issuedBy(signIn)[0] ?? '']: 20 });
    expect(signIn.otherPaths()).toEqual([`/${tenant}/v2.0/.well-known/openid-configuration`]);
  });

  test('is shared by changes of callers and reads of the timers', async () => {
    const { signIn, proxy, tokensSeen } = signedIn;
    const { path } = proxy.simulator.control.addOperation({ kind: 'connectionOperation' });
    const key = await proxy.track(path);
    await proxy.app.pollKind('connectionOperation');
    expect(await proxy.app.flows.find(key)).toMatchObject({ state: 'running' });
    expect(await proxy.patch(connection, change)).toMatchObject({ status: 204 });
    expect(signIn.requests().length).toBe(1);
    expect(tokensSeen()).toEqual({ [issuedBy(signIn)[0] ?? '']: 2 });
  });

  test('that lives for seconds is replaced before it ends, and not by each call', async () => {
    const { signIn, proxy } = signedIn;
    signIn.lifeSeconds = 4;
    let calls = 0;
    await vi.waitUntil(
      async () => {
        calls += 1;
        expect(await proxy.patch(connection, change)).toMatchObject({ status: 204 });
        return signIn.requests().length === 2;
      },
      { interval: 20, timeout: 10_000 },
    );
    expect(calls).toBeGreaterThan(10);
    proxy.simulator.control.requireToken(signIn.requests()[1]?.token ?? '');
    expect(await proxy.get(connection)).toMatchObject({ status: 200 });
  });

  test('that comes late is waited for by all', async () => {
    const { signIn, proxy } = signedIn;
    signIn.mode = 'slow';
    const answers = await Promise.all(Array.from({ length: 5 }, () => proxy.patch(connection, change)));
    expect(statusesOf(answers)).toEqual([204]);
    expect(signIn.requests().length).toBe(1);
  });
});

describe('a token that Graph refuses', () => {
  beforeEach(async () => {
    const { proxy } = signedIn;
    expect(await proxy.get(connection)).toMatchObject({ status: 200 });
    proxy.simulator.control.zero();
  });

  /** Graph refuses the next call, and takes what comes after it. */
  function refuseOnce(): void {
    const { control } = signedIn.proxy.simulator;
    control.addFault({ fault: 'status', on: 'request', status: 401, times: 1 });
  }

  test.each(['GET', 'PATCH'])('costs a %s one more token and one more call', async (method) => {
    const { signIn, proxy, tokensSeen } = signedIn;
    refuseOnce();
    const answer = await proxy.send(method, connection, method === 'PATCH' ? change : {});
    expect(answer.status).toBe(method === 'PATCH' ? 204 : 200);
    const [first = '', second = ''] = issuedBy(signIn);
    expect(signIn.requests().length).toBe(2);
    expect(proxy.simulator.control.requests().map((seen) => seen.method)).toEqual([method, method]);
    expect(tokensSeen()).toEqual({ [first]: 1, [second]: 1 });
    expect(await proxy.get(connection)).toMatchObject({ status: 200 });
    expect(tokensSeen()).toEqual({ [first]: 1, [second]: 2 });
    expect(signIn.requests().length).toBe(2);
  });

  test('costs a sweep one more token and one more call', async () => {
    const { signIn, proxy } = signedIn;
    const { path } = proxy.simulator.control.addOperation({ kind: 'connectionOperation' });
    const key = await proxy.track(path);
    refuseOnce();
    await proxy.app.pollKind('connectionOperation');
    expect(await proxy.app.flows.find(key)).toMatchObject({ state: 'running', health: { status: 'ok' } });
    expect(proxy.simulator.control.stats().httpRequests).toBe(2);
    expect(signIn.requests().length).toBe(2);
  });

  test('costs many calls at the same time one more token together', async () => {
    const { signIn, proxy, tokensSeen } = signedIn;
    const { control } = proxy.simulator;
    // Some refusals come while the fresh token is under way, others when it is long there.
    for (let delayMs = 0; delayMs < 300; delayMs += 30)
      control.addFault({ fault: 'latency', ms: delayMs, times: 1 });
    signIn.next = 'the-second-token';
    control.requireToken(signIn.next);
    const answers = await Promise.all(Array.from({ length: 10 }, () => proxy.patch(connection, change)));
    expect(statusesOf(answers)).toEqual([204]);
    const [first = '', second = ''] = issuedBy(signIn);
    expect(signIn.requests().length).toBe(2);
    expect(tokensSeen()).toEqual({ [first]: 10, [second]: 10 });
  });

  test('is told to the caller after one more try, and blocks the watch', async () => {
    const { signIn, proxy } = signedIn;
    const { path } = proxy.simulator.control.addOperation({ kind: 'connectionOperation' });
    const key = await proxy.track(path);
    proxy.simulator.control.requireToken('another');
    const answer = await proxy.patch(connection, change);
    expect(answer).toMatchObject({ status: 502, json: { code: 'graph_auth' } });
    expect(answer.json).not.toHaveProperty('outcome');
    expect(proxy.simulator.control.requests().length).toBe(2);
    expect(signIn.requests().length).toBe(2);
    await proxy.app.pollKind('connectionOperation');
    expect(await proxy.app.flows.find(key)).toMatchObject({
      state: 'pending',
      health: { status: 'blocked' },
    });
    expect(proxy.simulator.control.requests().length).toBe(4);
    expect(signIn.requests().length).toBe(3);
  });

  test('stays refused when no other can be had, and the change is not sent again', async () => {
    const { signIn, proxy } = signedIn;
    refuseOnce();
    signIn.mode = '400';
    const answer = await proxy.patch(connection, change);
    expect(answer).toMatchObject({ status: 502, json: { code: 'graph_auth' } });
    expect(proxy.simulator.control.requests().length).toBe(1);
    signIn.mode = 'tokens';
    expect(await proxy.patch(connection, change)).toMatchObject({ status: 204 });
  });
});
