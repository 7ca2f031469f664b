// docs/proxy.md stays true: its commands and programs do what it says before the built app, and its codes are the
// product's.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { problemCodes } from '../../../src/http/problem.ts';
import { type HostAnswer, type ProxyHost, startProxyHost } from './host-harness.ts';

const text = readFileSync(new URL('../../../docs/proxy.md', import.meta.url), 'utf8');
const key = 'the-key-of-the-reader';

let simulator: Simulator;
let host: ProxyHost;
beforeAll(async () => {
  simulator = await startSimulator();
  host = await startProxyHost(simulator.url, { args: ['--auth'], env: { LOCAL_HOST_KEY: key } });
});
afterAll(async () => {
  await host.process.stop();
  await simulator.stop();
});
beforeEach(() => {
  simulator.control.reset();
  simulator.control.addConnection({ id: 'contosohr' });
});

function patches(): readonly unknown[] {
  return simulator.control.requests().map(({ method, path, body }) => [method, path, body]);
}

const connection = '/v1.0/external/connections/contosohr';
const schema = {
  baseType: 'microsoft.graph.externalItem',
  properties: [{ name: 'title', type: 'String' }],
};

describe('the examples', () => {
  test('for curl answer as they say', async () => {
    const answers: unknown[] = [];
    for (const command of codeOf('').matchAll(/^curl (.*)"\$OPWATCH(\/api\/graph\/[^"]+)"(.*)$/gm)) {
      const { status, headers } = await curl(command);
      answers.push([status, 'opwatch-operation' in headers]);
    }
    expect(answers).toEqual([
      [200, false],
      [200, false],
      [202, true],
    ]);
    expect(patches().at(-1)).toEqual(['PATCH', `${connection}/schema`, schema]);
  });

  test('in TypeScript runs as it is, and a second run changes nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'opwatch-'));
    const program = join(folder, 'example.mts');
    writeFileSync(program, codeOf('ts'));
    const run = async (): Promise<string> => {
      const env = { ...process.env, OPWATCH: host.process.url, KEY: key };
      return (await promisify(execFile)(process.execPath, [program], { env })).stdout;
    };
    const first = await run();
    expect(first).toMatch(/^202 \/api\/operations\/c[a-z2-7]{25}\n$/);
    expect(await run()).toBe(first);
    expect(patches()).toEqual([['PATCH', `${connection}/schema`, schema]]);
    rmSync(folder, { recursive: true });
  });

  test('in TypeScript tells of a refusal', async () => {
    const program = codeOf('ts')
      .replace('contosohr-schema-8', 'another')
      .replace('externalItem', 'externalItem'.repeat(30));
    const env = { ...process.env, OPWATCH: host.process.url, KEY: key };
    const run = promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', program], {
      env,
    });
    await expect(run).rejects.toMatchObject({ stderr: expect.stringContaining('value_invalid: ') });
    expect(patches()).toEqual([]);
  });

  test('in PowerShell is a request that is answered, once for its key', async () => {
    const code = codeOf('powershell');
    const [, method = ''] = /-Method (\w+)/.exec(code) ?? [];
    const [, path = ''] = /-Uri "\$env:OPWATCH([^"]+)"/.exec(code) ?? [];
    const headers = pairsOf(/\$headers = @\{(.*)\}/.exec(code)?.[1]);
    const body = JSON.stringify(pairsOf(/\$body = @\{(.*)\}/.exec(code)?.[1]));
    expect(headers).toEqual({
      'x-functions-key': '$env:KEY',
      Prefer: 'return=representation',
      'Idempotency-Key': 'contosohr-text-9',
    });
    const sent = { headers: { ...headers, 'x-functions-key': key }, body };
    const answers = [
      await host.send(method.toUpperCase(), path, sent),
      await host.send(method.toUpperCase(), path, sent),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers.map(({ headers: given }) => given['idempotency-replayed'])).toEqual([undefined, 'true']);
    expect(patches()).toEqual([
      ['PATCH', connection, { description: 'All people' }],
      ['GET', connection, undefined],
    ]);
  });
});

test('the codes of the document are those of the product', () => {
  const table = text.slice(text.indexOf('## Once, and only once'));
  const others = ['location_foreign', 'location_unknown'];
  const named = [...table.matchAll(/`([a-z]+_[a-z_]+)`/g)].map(([, code]) => code ?? '');
  const known = new Set<string>([...problemCodes, ...others]);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((code) => !known.has(code))).toEqual([]);
});

/** The text of the first fence in this language. */
function codeOf(language: string): string {
  const [, code] = new RegExp(`\\n\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\`\\n`).exec(text) ?? [];
  if (code === undefined) throw new TypeError(`no example: ${language}`);
  return code.replaceAll('\\\n', ' ');
}

async function curl([, start = '', path = '', rest = '']: RegExpExecArray): Promise<HostAnswer> {
  const given = [...rest.matchAll(/-H ['"]([\w-]+): ([^'"]+)['"]/g)].map(([, name = '', value]) => [
    name,
    value,
  ]);
  const headers = { ...(Object.fromEntries(given) as Record<string, string>), 'x-functions-key': key };
  const body = /-d '([^']+)'/.exec(rest)?.[1];
  const method = start.includes('-X PATCH') ? 'PATCH' : 'GET';
  return host.send(method, path, { headers, ...(body === undefined ? {} : { body }) });
}

/** Names and values of a PowerShell table. */
function pairsOf(table = ''): Readonly<Record<string, string>> {
  const pairs = table
    .split(';')
    .map((pair) => pair.split('=').map((part) => part.trim().replaceAll("'", '')));
  return Object.fromEntries(pairs.map(([name = '', ...value]) => [name, value.join('=')]));
}
