// How the doctor's checks run: side by side, in the order of their needs, and never for longer than they may.
import { describe, expect, test } from 'vitest';
import { createRun, type Outcome } from '../../../dev/doctor/run.ts';
import { fail, pass, warn } from '../../../dev/doctor/verdict.ts';

const limits = { checkMs: 5000, totalMs: 5000 };
const never = (): Promise<Outcome> => new Promise(() => undefined);

describe('checks', () => {
  test('get what the needed ones brought, and findings come in the order of adding', async () => {
    const run = createRun(limits);
    const slow = Promise.withResolvers<string>();
    const first = run.add('storage.table', {}, async () => ({
      verdicts: [pass('a')],
      value: await slow.promise,
    }));
    const other = run.add('graph.root', {}, () => {
      slow.resolve('table');
      return { verdicts: [warn({ detail: 'b', fix: 'f' }), pass('c', 's')], value: 2 };
    });
    run.add('storage.write', { first, other }, (found) => ({
      verdicts: [pass(`${found.first} ${found.other}`)],
    }));
    expect(await run.findings()).toEqual([
      { id: 'storage.table', status: 'pass', subject: null, detail: 'a', fix: null },
      { id: 'graph.root', status: 'warn', subject: null, detail: 'b', fix: 'f' },
      { id: 'graph.root', status: 'pass', subject: 's', detail: 'c', fix: null },
      { id: 'storage.write', status: 'pass', subject: null, detail: 'table 2', fix: null },
    ]);
  });

  test('that need what is not there are skipped, and all name where it began', async () => {
    const run = createRun(limits);
    const root = run.add(
      'graph.root',
      {},
      (): Outcome<string> => ({ verdicts: [fail({ detail: 'a', fix: 'f' })] }),
    );
    const token = run.add(
      'token.issued',
      { root },
      (): Outcome<string> => ({ verdicts: [pass('b')], value: 'c' }),
    );
    run.add('token.expiry', { token }, () => ({ verdicts: [pass('d')] }));
    const reason = 'This is needed first: address of Graph (graph.root).';
    expect((await run.findings()).slice(1)).toEqual([
      { id: 'token.issued', status: 'skipped', subject: null, detail: reason, fix: null },
      { id: 'token.expiry', status: 'skipped', subject: null, detail: reason, fix: null },
    ]);
  });

  test('that fail and bring something all the same are gone on from', async () => {
    const run = createRun(limits);
    const values = run.add('settings.values', {}, () => ({
      verdicts: [fail({ detail: 'a', fix: 'f' })],
      value: 1,
    }));
    run.add('storage.shards', { values }, (found) => ({ verdicts: [pass(String(found.values))] }));
    expect((await run.findings()).map(({ detail }) => detail)).toEqual(['a', '1']);
  });

  test('that hang are cut off, each by itself', async () => {
    const run = createRun({ checkMs: 30, totalMs: 5000 });
    run.add('storage.table', {}, never);
    run.add('graph.root', {}, () => ({ verdicts: [pass('a')] }));
    expect(await run.findings()).toMatchObject([
      { id: 'storage.table', status: 'fail', detail: 'There was no answer in time.' },
      { id: 'graph.root', status: 'pass' },
    ]);
  });

  test('share a limit, however many need one another', async () => {
    const run = createRun({ checkMs: 5000, totalMs: 60 });
    const startedMs = performance.now();
    const values = run.add('settings.values', {}, async (): Promise<Outcome<number>> => {
      await never();
      return { verdicts: [pass('a')], value: 1 };
    });
    run.add('storage.table', { values }, never);
    expect((await run.findings()).map(({ status }) => status)).toEqual(['fail', 'skipped']);
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });

  test('that are broken are findings too, without what looks like a secret', async () => {
    const run = createRun(limits);
    run.add('storage.table', {}, () => {
      throw new TypeError('no x for AccountKey=canary;');
    });
    expect(await run.findings()).toEqual([
      {
        id: 'storage.table',
        status: 'fail',
        subject: null,
        detail: 'The check itself has failed: TypeError: no x for AccountKey=[secret];',
        fix: 'This is a fault of the doctor: report it with the line above.',
      },
    ]);
  });
});
