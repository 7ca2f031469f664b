// `npm run doctor` on a local stack: a healthy one passes and is left as it was; whatever is planted is found, alone, and
// the way out is named.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { catalogue } from '../../../dev/doctor/catalogue.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { takeMessages } from '../../fixtures/queue-reader.ts';
import { startSignInService } from '../../integration/identity/sign-in-service.ts';
import { startFront } from './front.ts';
import {
  type Env,
  type Examined,
  examineStack,
  runDoctor,
  type Stack,
  secretsIn,
  startStack,
} from './harness.ts';
import { nobody, planted } from './planted.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterEach(() => stack.heal());
afterAll(() => stack.stop());

async function examined(changes: Env = {}, url = stack.host.url, env?: Env): Promise<Examined> {
  const settings = { ...stack.settings, ...changes };
  const result = await examineStack({ settings, url, ...(env === undefined ? {} : { env }) });
  expect(secretsIn(settings).filter((secret) => result.printed.includes(secret))).toEqual([]);
  return result;
}

describe('a healthy set-up', () => {
  test('passes every check that it has something for', async () => {
    const { code, report, found } = await examined();
    expect(found).toEqual([]);
    expect(code).toBe(0);
    expect(report.status).toBe('pass');
    const skipped = report.checks.filter(({ status }) => status === 'skipped').map(({ id }) => id);
    // Keys of callers' tokens, where function keys are checked; OneNote, for which nothing is granted.
    expect(skipped).toEqual(['roles.onenote', 'graph.onenoteOperation', 'callers.keys']);
    expect(report.checks.map(({ id }) => id)).toEqual(Object.keys(catalogue));
  });

  test('is left as it was', async () => {
    const table = TableClient.fromConnectionString(azurite(), stack.settings['OPWATCH_TABLE'] ?? '', {
      allowInsecureConnection: true,
    });
    const rows = async () => {
      const all = [];
      for await (const { partitionKey, rowKey, etag } of table.listEntities())
        all.push([partitionKey, rowKey, etag]);
      return all;
    };
    const before = await rows();
    await examined();
    expect(await rows()).toEqual(before);
    expect(before.length).toBeGreaterThan(0);
    expect(await takeMessages(stack.transitions)).toEqual([]);
    expect((await stack.transitions.getProperties()).approximateMessagesCount).toBe(0);
    expect(stack.simulator.control.requests().map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);
  });

  test('is shown to a person in groups, without a secret', async () => {
    const { code, printed } = await runDoctor(['--settings', '-', '--url', stack.host.url], {
      input: JSON.stringify({ Values: stack.settings }),
    });
    expect(code).toBe(0);
    expect(printed).toMatch(/^Opwatch .*\nsettings: standard input\n/);
    expect(printed).toMatch(/\n {2}pass {5}reading the table: t[0-9a-f]{20}\n/);
    expect(printed).toMatch(/\n\d+ pass, 0 warn, 0 fail, 3 skipped\n$/);
    expect(secretsIn(stack.settings).filter((secret) => printed.includes(secret))).toEqual([]);
  });
});

describe('it finds', () => {
  test.each(planted)('$what', async ({ plant, found: expected }) => {
    const { code, report, found } = await examined(await plant(stack));
    expect(found.map(({ id, status }) => [id, status])).toEqual(expected.map(([id, status]) => [id, status]));
    for (const [index, [, , words]] of expected.entries()) expect(found[index]?.fix).toContain(words);
    const isFailed = expected.some(([, status]) => status === 'fail');
    // With --strict a warning has a code of its own.
    expect(code).toBe(isFailed ? 1 : 3);
    expect(report.status).toBe(isFailed ? 'fail' : 'warn');
  });

  test('an app that is not there', async () => {
    const { code, found } = await examined({}, nobody);
    expect(code).toBe(1);
    expect(found).toEqual([
      { id: 'app.live', status: 'fail', fix: 'Start what should listen there, or correct --url.' },
    ]);
  });

  test('somebody else at the address of the app', async () => {
    const { code, found } = await examined({}, stack.simulator.url);
    expect(code).toBe(1);
    expect(found.map(({ id, status }) => [id, status])).toEqual([['app.live', 'fail']]);
    expect(found[0]?.fix).toContain('Correct --url');
  });

  test('a gateway that keeps notifications of Graph out', async () => {
    const gateway = await startFront(stack.host.url, ({ method }) =>
      method === 'POST' ? { status: 401, body: '' } : null,
    );
    const { code, found } = await examined({}, gateway);
    expect(code).toBe(1);
    expect(found.map(({ id, status }) => [id, status])).toEqual([['app.changeNotifications', 'fail']]);
    expect(found[0]?.fix).toContain('Let notifications through without authentication');
  });

  test('an app that runs with other settings than those that are looked at', async () => {
    const { found } = await examined({ OPWATCH_CALLS_APP_ID: '', OPWATCH_CALLS_OPENID_URL: '' });
    expect(found.map(({ id, status }) => [id, status])).toEqual([['app.callNotifications', 'warn']]);
    expect(found[0]?.fix).toContain('Look which settings the app runs with');
  });

  test('a client secret that the sign-in service refuses', async () => {
    const clientId = 'aaaaaaaa-0000-4000-8000-000000000001';
    const signIn = await startSignInService({ clientId, secret: 'canary-client-secret' });
    const folder = await mkdtemp(join(tmpdir(), 'opwatch-doctor-'));
    onTestFinished(async () => {
      await signIn.stop();
      await rm(folder, { recursive: true });
    });
    const authority = join(folder, 'authority.pem');
    await writeFile(authority, signIn.authorityPem);
    const settings = {
      OPWATCH_CREDENTIAL: 'environment',
      OPWATCH_STATIC_TOKEN: '',
      OPWATCH_AUTHORITY_HOST: signIn.url,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: 'canary-client-secret',
    };
    const trust = { NODE_EXTRA_CA_CERTS: authority };
    signIn.next = stack.tokenWith({});
    expect((await examined(settings, stack.host.url, trust)).found).toEqual([]);
    signIn.mode = '400';
    const { code, found } = await examined(settings, stack.host.url, trust);
    expect(code).toBe(1);
    expect(found.map(({ id, status }) => [id, status])).toEqual([['token.issued', 'fail']]);
    expect(found[0]?.fix).toContain('Set AZURE_CLIENT_SECRET to the value of a secret');
  });
});
