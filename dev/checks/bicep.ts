// The Bicep files are whole, without a compiler at hand: they parse, every name leads somewhere, and resources are of
// types and versions that exist.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BicepFile, readBicepFiles } from '../bicep/file.ts';
import { propertyPaths } from '../bicep/property-paths.ts';
import { loadProblems, moduleProblems, nameProblems, syntaxProblems } from '../bicep/references.ts';
import resourceTypes from '../bicep/resource-types.json' with { type: 'json' };
import type { Outcome } from './outcome.ts';

export async function checkBicep(root: string): Promise<Outcome> {
  const files = await readBicepFiles(root);
  const byPath = new Map(files.map((file) => [file.path, file]));
  const exists = (path: string): boolean => existsSync(join(root, path));
  const resources = files.flatMap((file) => file.resources);
  return {
    problems: [
      ...(files.length === 0 ? ['infra/: there is no Bicep file'] : []),
      ...files.flatMap((file) => {
        const syntax = syntaxProblems(file);
        // What is declared is known only of a file that parses.
        if (syntax.length > 0) return syntax;
        return [
          ...moduleProblems(file, byPath),
          ...nameProblems(file),
          ...loadProblems(file, exists),
          ...typeProblems(file),
        ];
      }),
    ],
    seen: `${files.length} files, ${resources.length} resources`,
  };
}

type LookedUp = { readonly version: string; readonly properties: readonly string[] };
const types: Readonly<Record<string, LookedUp>> = resourceTypes.types;

/** A typing error in a type, a version or a property would be found by a deployment only. */
function typeProblems(file: BicepFile): readonly string[] {
  return file.resources.flatMap(({ type, apiVersion, body, line }) => {
    const at = `${file.path}:${line}: ${type}@${apiVersion}`;
    const known = types[type];
    if (known === undefined) return [`${at}: a type that nobody looked up`];
    if (known.version !== apiVersion) return [`${at}: version ${known.version} was looked up`];
    return propertyPaths(body)
      .filter((path) => !known.properties.includes(path))
      .map((path) => `${at}: nobody looked up ${path}`);
  });
}
