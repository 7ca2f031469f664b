// The Bicep files are whole, without a compiler at hand: they parse, every name leads somewhere, and resources are of
// types and versions that exist.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BicepFile, readBicepFiles } from '../bicep/file.ts';
import { loadProblems, moduleProblems, nameProblems, syntaxProblems } from '../bicep/references.ts';
import { resourceTypes } from '../bicep/resource-types.ts';
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

function typeProblems(file: BicepFile): readonly string[] {
  return file.resources.flatMap(({ type, apiVersion, line }) => {
    const version = resourceTypes[type];
    if (version === apiVersion) return [];
    const wanted =
      version === undefined ? 'a type that nobody looked up' : `version ${version} was looked up`;
    return [`${file.path}:${line}: ${type}@${apiVersion}: ${wanted}`];
  });
}
