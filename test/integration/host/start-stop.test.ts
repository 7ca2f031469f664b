// The host's life as a process: what it refuses by name before it serves, and how it ends.
import { describe, expect, test } from 'vitest';
import { runHost, startHostProcess } from './harness.ts';

describe('start', () => {
  test.each([
    ['a binding it does not know', { FIXTURE: 'blobTrigger' }, /picky.*blobTrigger/],
    ['a missing setting', { FIXTURE: 'timer' }, /tick.*TICK/],
    ['a bad cron', { FIXTURE: 'badCron' }, /crooked.*99/],
    ['a timer without storage', { FIXTURE: 'timer', TICK: '* * * * * *' }, /tick.*AzureWebJobsStorage/],
    ['a failing appStart hook', { FIXTURE: 'failingStart,http' }, /OPWATCH_SHARDS is wrong/],
    [
      'a bad host.json',
      { AzureFunctionsJobHost__extensions__queues__batchSize: '33' },
      /host\.json.*batchSize/,
    ],
  ])('is refused for %s, with its name and no stack', async (_why, env, message) => {
    const { code, errors, output } = await runHost({ env });
    expect([code, output]).toEqual([1, '']);
    expect(errors).toMatch(message);
    expect(errors).not.toMatch(/^\s+at /m);
  });

  test('is refused for keys without a key', async () => {
    const { code, errors } = await runHost({ args: ['--auth'] });
    expect([code, errors]).toEqual([1, expect.stringContaining('LOCAL_HOST_KEY')]);
  });

  test('is refused for a folder without an app', async () => {
    const { code, errors } = await runHost({ args: ['--app', import.meta.dirname] });
    expect([code, errors]).toEqual([1, expect.stringContaining('host.json')]);
  });

  test('is refused for an option that is not there, and explains itself on --help', async () => {
    expect((await runHost({ args: ['--nope'] })).code).toBe(1);
    const { code, output } = await runHost({ args: ['--help'] });
    expect([code, output]).toEqual([0, expect.stringContaining('--auth')]);
  });

  test('leaves out a disabled function', async () => {
    const host = await startHostProcess({ env: { 'AzureWebJobs.literal.Disabled': 'true' } });
    expect(await (await fetch(`${host.url}/api/items/list`)).json()).toEqual({ named: { name: 'list' } });
  });

  test('takes the environment before the file, and says that it is not the Azure host', async () => {
    const host = await startHostProcess({ env: { FROM_FILE: 'environment' } });
    expect(await (await fetch(`${host.url}/api/echo`)).json()).toMatchObject({ setting: 'environment' });
    expect(host.lines[0]?.message).toContain('not the Azure Functions host');
  });
});

describe.concurrent('stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('ends an idle host with 0 on %s', async (signal) => {
    const host = await startHostProcess({});
    await fetch(`${host.url}/api/items/list`);
    expect(await host.end(signal)).toBe(0);
  });

  test('tells the app at once and waits for its answers', async () => {
    const host = await startHostProcess({});
    const waiting = fetch(`${host.url}/api/waits`);
    await host.until((lines) => lines.find(({ message }) => message === 'waiting'));
    const ended = host.end();
    expect(await (await waiting).text()).toBe('stopped');
    expect(await ended).toBe(0);
  });

  test('cuts off what hangs, within 10 s and with 0', async () => {
    const host = await startHostProcess({});
    const hanging = fetch(`${host.url}/api/hangs`).catch(() => 'cut off');
    await host.until((lines) => lines.find(({ message }) => message === 'hanging'));
    const startedMs = performance.now();
    expect([await host.end(), await hanging]).toEqual([0, 'cut off']);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});
