// Each layer rule bites; all are planted at once, one file a rule. And the check notices when its tool is blind.
import { beforeAll, describe, expect, test } from 'vitest';
import { checkLayers } from '../../dev/checks/layers.ts';
import { type PlantedRepository, plantRepository } from './planted-repository.ts';

const rows = [
  ['the domain on Graph', 'src/domain/a1.ts', '../graph/read-status.ts', 'src-domain-imports'],
  ['the domain on a flow', 'src/domain/a2.ts', '../flows/decide.ts', 'src-domain-imports'],
  ['the domain on a package', 'src/domain/a3.ts', 'zod', 'domain-pure'],
  ['the domain on the platform', 'src/domain/a4.ts', 'node:fs', 'domain-pure'],
  ['a flow on storage', 'src/flows/a5.ts', '../storage/keep.ts', 'src-flows-imports'],
  ['a flow on HTTP', 'src/flows/a6.ts', '../http/answer.ts', 'src-flows-imports'],
  ['a flow on a package', 'src/flows/a7.ts', 'zod', 'flows-without-packages'],
  ['a flow on timers', 'src/flows/a8.ts', 'node:timers/promises', 'flows-without-packages'],
  ['HTTP on storage', 'src/http/a9.ts', '../storage/keep.ts', 'src-http-imports'],
  ['HTTP on Graph', 'src/http/b1.ts', '../graph/read-status.ts', 'src-http-imports'],
  ['Graph on storage', 'src/graph/b2.ts', '../storage/keep.ts', 'src-graph-imports'],
  ['storage on Graph', 'src/storage/b3.ts', '../graph/read-status.ts', 'src-storage-imports'],
  ['storage on a flow', 'src/storage/b4.ts', '../flows/decide.ts', 'src-storage-imports'],
  ['telemetry on storage', 'src/telemetry/b5.ts', '../storage/keep.ts', 'src-telemetry-imports'],
  ['a function on storage', 'functions/b6.ts', '../src/storage/keep.ts', 'functions-imports'],
  ['a function on the configuration', 'functions/b7.ts', '../src/config.ts', 'config-seen-by-app-only'],
  ['HTTP on the composition root', 'src/http/b8.ts', '../app.ts', 'app-seen-by-functions-only'],
  ['HTTP on what helps to develop', 'src/http/b9.ts', '../../dev/start.ts', 'product-not-to-tools'],
  ['a function on a test', 'functions/c1.ts', '../test/unit/pace.test.ts', 'product-not-to-tools'],
  ['HTTP on a development package', 'src/http/c2.ts', 'vitest', 'product-not-to-dev-dependencies'],
  ['HTTP on a file that is not there', 'src/http/c3.ts', './gone.ts', 'no-unresolvable'],
] as const;

let planted: PlantedRepository;
let report: readonly string[];
beforeAll(async () => {
  const importing = rows.map(([, path, target]): [string, string] => [
    path,
    `import * as x from '${target}';\n\nexport const y = x;\n`,
  ]);
  planted = await plantRepository({
    ...Object.fromEntries(importing),
    'src/http/circle-a.ts': "import { b } from './circle-b.ts';\n\nexport const a = () => b;\n",
    'src/http/circle-b.ts': "import { a } from './circle-a.ts';\n\nexport const b = () => a;\n",
    'src/http/orphan.ts': 'export const alone = 1;\n',
    'src/domain/typed.ts':
      "import type { keep } from '../storage/keep.ts';\n\nexport type Keep = typeof keep;\n",
  });
  report = (await checkLayers(planted.root)).problems;
});

describe('layers', () => {
  test.each(rows)('refuses %s', (_name, path, _target, rule) => {
    expect(report.filter((line) => line.startsWith(`${rule}: ${path} `))).toHaveLength(1);
  });

  test('refuses a circle, and says how it runs', () => {
    const circles = report.filter((line) => line.startsWith('no-circular'));
    expect(circles.join('\n')).toMatch(/circle-a\.ts → src\/http\/circle-b\.ts → src\/http\/circle-a\.ts/);
  });

  test('refuses a file that nothing imports and that imports nothing', () => {
    expect(report).toContainEqual(expect.stringMatching(/^no-orphans: src\/http\/orphan\.ts/));
  });

  test('refuses a type from a layer above like a value', () => {
    expect(report).toContain('src-domain-imports: src/domain/typed.ts → src/storage/keep.ts');
  });

  test('accepts the clean repository and has seen all of it', async () => {
    const clean = await plantRepository();
    const { problems, seen } = await checkLayers(clean.root);
    expect(problems).toEqual([]);
    expect(seen).toMatch(/^1[1-9] modules, 1[0-9] imports$/);
  });

  test('fails when the tool sees no TypeScript', async () => {
    const blind =
      "export default { forbidden: [], options: { extraExtensionsToScan: [], exclude: '\\\\.ts$' } };\n";
    const repository = await plantRepository({ '.dependency-cruiser.mjs': blind });
    const { problems } = await checkLayers(repository.root);
    expect(problems).toContain('no import was seen: the parser is missing');
    expect(problems).toContain('src/app.ts: was not looked at');
  });
});
