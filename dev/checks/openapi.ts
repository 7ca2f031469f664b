// The OpenAPI document is generated from the schemas that check the requests, so only its quality can be wrong.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Outcome } from './outcome.ts';
import { reportOf, runTool } from './run-tool.ts';

const generator = 'src/http/openapi.ts';

export async function checkOpenApi(root: string): Promise<Outcome> {
  const path = resolve(root, generator);
  if (!existsSync(path)) return { problems: [`${generator} is missing`], seen: '0 paths' };
  const { openApiDocument } = (await import(pathToFileURL(path).href)) as { openApiDocument: () => object };
  return checkOpenApiDocument(root, openApiDocument());
}

/** Lints any document by the rules of the root's `redocly.yaml`. */
export async function checkOpenApiDocument(root: string, document: object): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'opwatch-openapi-'));
  try {
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(document, null, 2));
    const run = await runTool(root, 'redocly', [
      'lint',
      '--config',
      'redocly.yaml',
      '--format',
      'stylish',
      file,
    ]);
    const paths = 'paths' in document ? Object.keys(document.paths as object) : [];
    return { problems: reportOf(run), seen: `${paths.length} paths` };
  } finally {
    await rm(folder, { recursive: true });
  }
}
