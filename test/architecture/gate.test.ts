// The gate as a whole and the reporter: exit codes are right, and the last line of stdout is always the count.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { plantRepository, repositoryRoot } from './planted-repository.ts';

type Run = { readonly code: number | null; readonly lastLine: string; readonly output: string };

const bin = join(repositoryRoot, 'node_modules/.bin');

async function run(root: string, command: string, args: readonly string[]): Promise<Run> {
  // Vitest marks the environment of its tests; a run inside a test must not take it for its own.
  const foreign = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_ENV|TEST|DEV|PROD|MODE)/.test(name),
  );
  const env = { ...Object.fromEntries(foreign), PATH: `${bin}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' };
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const [output, [code]] = await Promise.all([
    text(child.stdout),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, output, lastLine: output.trimEnd().split('\n').at(-1) ?? '' };
}

const head = "import { beforeAll, describe, expect, test } from 'vitest';\n\n";
const passing = "test('passes', () => undefined);\n";

describe('the line of counts', () => {
  test.each([
    ['tests that pass', passing, 0, '2 passed, 0 failed, 0 skipped'],
    [
      'a test that fails',
      `${passing}test('fails', () => expect(1).toBe(2));\n`,
      1,
      '2 passed, 1 failed, 0 skipped',
    ],
    [
      'a test that is skipped',
      `${passing}test.skip('waits', () => undefined);\n`,
      0,
      '2 passed, 0 failed, 1 skipped',
    ],
    ['a file that does not load', "throw new Error('planted');\n", 1, '1 passed, 1 failed, 0 skipped'],
    [
      'a hook that throws',
      `describe('group', () => {\n  beforeAll(() => {\n    throw new Error('planted');\n  });\n  ${passing}});\n`,
      1,
      '1 passed, 1 failed, 1 skipped',
    ],
    [
      'an error outside of any test',
      `${passing}setTimeout(() => {\n  throw new Error('planted');\n});\ntest('waits', () => new Promise((resolve) => setTimeout(resolve, 20)));\n`,
      1,
      '3 passed, 1 failed, 0 skipped',
    ],
  ])('says what happened with %s', async (_name, code, exitCode, line) => {
    const repository = await plantRepository({ 'test/unit/planted.test.ts': head + code });
    const ended = await run(repository.root, 'vitest', ['run']);
    expect({ code: ended.code, lastLine: ended.lastLine }).toEqual({ code: exitCode, lastLine: line });
  });

  test('is a failure when nothing ran', async () => {
    const repository = await plantRepository();
    const ended = await run(repository.root, 'vitest', ['run', '-t', 'no such name']);
    expect({ code: ended.code, lastLine: ended.lastLine }).toEqual({
      code: 1,
      lastLine: '0 passed, 0 failed, 1 skipped',
    });
  });
});

describe('npm run check', () => {
  test('fails for one violation although all tests pass, and ends with their count', async () => {
    const repository = await plantRepository({ 'src/http/a.ts': 'export const a: any = 1;\n' });
    const ended = await run(repository.root, 'node', [join(repositoryRoot, 'dev/check.ts')]);
    expect(ended.output).toMatch(/^FAILED lint/m);
    expect(ended.output).toMatch(/^ok {5}format/m);
    expect({ code: ended.code, lastLine: ended.lastLine }).toEqual({
      code: 1,
      lastLine: '1 passed, 0 failed, 0 skipped',
    });
  });

  test('is what .ci/run calls after npm ci, with the executable bit set', async () => {
    await access(join(repositoryRoot, '.ci/run'), constants.X_OK);
    const script = await readFile(join(repositoryRoot, '.ci/run'), 'utf8');
    expect(script).toMatch(/^#!.*bash\n[^]*set -euo pipefail\n[^]*npm ci\n[^]*npm run (--silent )?check\n$/);
  });
});
