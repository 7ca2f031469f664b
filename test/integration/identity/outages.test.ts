// While the sign-in service can't be used: callers are told in time, watches say why nothing is known, Graph hears
// nothing, and nothing that proves the app goes elsewhere.
import { describe, expect, test, vi } from 'vitest';
import { change, clientSecret, connection, type SignedIn, startSignedIn } from './harness.ts';
import { startRecorder } from './recorder.ts';
import type { SignInMode } from './sign-in-service.ts';

async function withSignedIn(work: (signedIn: SignedIn) => Promise<void>): Promise<void> {
  const signedIn = await startSignedIn();
  try {
    await work(signedIn);
  } finally {
    await signedIn.stop();
  }
}

/** Longest time in which a token comes or not, and some more for a machine under load. */
const toldWithinMs = 13_000;

const outages: readonly (readonly [what: string, mode: SignInMode | null])[] = [
  ['is not there', null],
  ['refuses the app', '400'],
  ['breaks down', '500'],
  ['never answers', 'hang'],
  ['answers without end', 'endless'],
  ['answers with a page', 'page'],
  ['leads elsewhere', 'redirect'],
];

describe.concurrent('a sign-in service that', () => {
  test.each(outages)('%s gives callers 502 and blocks the watch', { timeout: 60_000 }, (_what, mode) =>
    withSignedIn(async ({ signIn, proxy }) => {
      const elsewhere = await startRecorder();
      const { path } = proxy.simulator.control.addOperation({ kind: 'connectionOperation' });
      const key = await proxy.track(path);
      if (mode === null) await signIn.stop();
      else signIn.mode = mode;
      signIn.elsewhere = `${elsewhere.url}/token`;
      const startedMs = performance.now();
      const [changed, read] = await Promise.all([
        proxy.patch(connection, change),
        proxy.get(connection),
        proxy.app.pollKind('connectionOperation'),
      ]);
      expect(performance.now() - startedMs).toBeLessThan(toldWithinMs);
      for (const answer of [changed, read]) {
        expect(answer).toMatchObject({ status: 502, json: { code: 'graph_auth' } });
        expect(answer.json).not.toHaveProperty('outcome');
      }
      expect(await proxy.app.flows.find(key)).toMatchObject({
        state: 'pending',
        health: { status: 'blocked', code: 'no_token' },
      });
      expect(proxy.simulator.control.requests()).toEqual([]);
      expect(elsewhere.seen()).toEqual([]);
      const told = [...proxy.lines, changed.text, read.text].join('\n');
      expect(told).toContain('error no token for Graph can be had');
      expect(told).not.toContain(clientSecret);
      await elsewhere.stop();
    }),
  );

  test('takes the app again has callers served at once', { timeout: 60_000 }, () =>
    withSignedIn(async ({ signIn, proxy }) => {
      signIn.mode = '400';
      expect(await proxy.patch(connection, change)).toMatchObject({ status: 502 });
      signIn.mode = 'tokens';
      expect(await proxy.patch(connection, change)).toMatchObject({ status: 204 });
    }),
  );

  test('fails while a token still counts leaves callers alone until its end', { timeout: 60_000 }, () =>
    withSignedIn(async ({ signIn, proxy }) => {
      signIn.lifeSeconds = 4;
      expect(await proxy.patch(connection, change)).toMatchObject({ status: 204 });
      signIn.mode = '400';
      const statuses: number[] = [];
      await vi.waitUntil(
        async () => {
          statuses.push((await proxy.patch(connection, change)).status);
          return statuses.at(-1) === 502;
        },
        { interval: 50, timeout: 20_000 },
      );
      expect(new Set(statuses.slice(0, -1))).toEqual(new Set([204]));
      const refused = signIn.requests().filter(({ token }) => token === null);
      // One when half of the time was over, one at the end: none in between, where the last token was good.
      expect(refused.length).toBe(2);
    }),
  );
});
