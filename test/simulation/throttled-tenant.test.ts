// What the rate gate promises of a tenant whose quota is half of what is wanted: 2,000 operations every 2 seconds, 500
// items a second, a wait of a second at each refusal, 50 ms a request.
import { expect, test } from 'vitest';
import { createThrottledTenant, p99DelayMs, type Seen } from './throttled-tenant.ts';

const second = 1000;
/** Two minutes of a busy tenant take a few seconds of CPU. */
const timeout = 120_000;
const options = {
  operations: 2000,
  intervalMs: 2 * second,
  tickMs: second,
  itemsPerSecond: 500,
  burstItems: 500,
  retryAfterMs: second,
  latencyMs: 50,
};
/** Everyone is read as often as everyone else: every 4 seconds. */
const fairMs = 4 * second;

const waste = ({ passed, refused }: Seen): number => refused / (passed + refused);

test('half of what is wanted is used to the last hundredth, hardly anything is refused, and nobody starves', {
  timeout,
}, async () => {
  const tenant = createThrottledTenant({ ...options, seed: 1 });
  await tenant.begin();
  const first = await tenant.run(10 * second);
  const then = await tenant.run(110 * second);
  expect({ early: first.early + then.early, isLittle: first.refused <= 160 }).toEqual({
    early: 0,
    isLittle: true,
  });
  expect(waste(then)).toBeLessThanOrEqual(0.005);
  expect(then.passed).toBeGreaterThanOrEqual(0.99 * 500 * 110);
  expect(p99DelayMs(then.gapsMs)).toBeLessThanOrEqual(1.25 * fairMs);
});

test('a process that begins inside an announced wait keeps to it, and to the rate that was learned before', {
  timeout,
}, async () => {
  const tenant = createThrottledTenant({ ...options, seed: 2 });
  await tenant.begin();
  await tenant.run(20 * second);
  let seen = await tenant.run(50);
  while (seen.refused === 0) seen = await tenant.run(50);
  await tenant.run(300);
  tenant.restart();
  const after = await tenant.run(20 * second);
  expect(after.early).toBe(0);
  expect(waste(after)).toBeLessThanOrEqual(0.01);
});

test('a tenant without limits is read as if it were alone, however far behind another is', {
  timeout,
}, async () => {
  const tenant = createThrottledTenant({ ...options, unlimited: 100, seed: 4 });
  await tenant.begin();
  await tenant.run(20 * second);
  const { gapsMs, unlimitedGapsMs } = await tenant.run(20 * second);
  expect(p99DelayMs(gapsMs)).toBeGreaterThan(fairMs);
  // Its interval, and a sweep that another holds back for a second.
  expect(p99DelayMs(unlimitedGapsMs)).toBeLessThan(options.intervalMs + 1.5 * second);
});

test('a world without limits is asked for all that is wanted again', { timeout }, async () => {
  const tenant = createThrottledTenant({
    ...options,
    operations: 400,
    itemsPerSecond: 100,
    burstItems: 100,
    seed: 3,
  });
  await tenant.begin();
  const slow = await tenant.run(20 * second);
  tenant.setQuota(1_000_000);
  await tenant.run(5 * 60 * second);
  const fast = await tenant.run(20 * second);
  expect(slow.passed).toBeLessThan(0.6 * 200 * 20);
  expect(fast.passed).toBeGreaterThan(0.95 * 200 * 20);
});
