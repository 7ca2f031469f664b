// What a compiler would refuse first: syntax, names that lead nowhere, parameters that a module lacks or does not know,
// outputs that nobody gives, files that are not there. Pure: it looks at parsed files.
import { dirname, join } from 'node:path/posix';
import { builtIns } from './built-ins.ts';
import type { BicepFile, Module } from './file.ts';
import { type BicepNode, lineOf, nodesBelow } from './syntax.ts';

export function syntaxProblems(file: BicepFile): readonly string[] {
  return [...nodesBelow(file.root)]
    .filter((node) => node.isError || node.isMissing)
    .map((node) => {
      const what = node.isMissing
        ? `${node.type} is missing`
        : `not Bicep: ${JSON.stringify(node.text.slice(0, 60))}`;
      return `${file.path}:${lineOf(node)}: ${what}`;
    });
}

/** @param files all of them by path: modules and imports are looked up there. */
export function moduleProblems(file: BicepFile, files: ReadonlyMap<string, BicepFile>): readonly string[] {
  return [
    ...file.modules.flatMap((module) => givenProblems(file, module, files)),
    ...file.imports.flatMap(({ names, path }) => {
      const source = files.get(resolve(file, path));
      if (source === undefined) return [`${file.path}: imports from ${path}, which is not there`];
      return names
        .filter((name) => !source.types.has(name) && !source.variables.has(name))
        .map((name) => `${file.path}: ${path} has no ${name}`);
    }),
    ...outputProblems(file, files),
  ];
}

function givenProblems(
  file: BicepFile,
  { symbol, path, given, line }: Module,
  files: ReadonlyMap<string, BicepFile>,
): readonly string[] {
  const at = `${file.path}:${line}: module ${symbol}`;
  if (/^(br|ts)[:/]/.test(path)) return [`${at} comes from a registry; only files of this repository`];
  const target = files.get(resolve(file, path));
  if (target === undefined) return [`${at}: ${path} is not there`];
  const known = new Set(target.parameters.map(({ name }) => name));
  return [
    ...given.filter((name) => !known.has(name)).map((name) => `${at}: ${path} has no parameter ${name}`),
    ...target.parameters
      .filter(({ name, fallback }) => fallback === null && !given.includes(name))
      .map(({ name }) => `${at}: ${path} needs the parameter ${name}`),
  ];
}

/** `module.outputs.name`, wherever it stands. */
function outputProblems(file: BicepFile, files: ReadonlyMap<string, BicepFile>): readonly string[] {
  return [...nodesBelow(file.root)].flatMap((node) => {
    const [, symbol = '', output = ''] = /^(\w+)\.outputs\.(\w+)$/.exec(node.text) ?? [];
    if (node.type !== 'member_expression' || output === '') return [];
    const module = file.modules.find((one) => one.symbol === symbol);
    if (module === undefined) return [`${file.path}:${lineOf(node)}: there is no module ${symbol}`];
    const target = files.get(resolve(file, module.path));
    return target === undefined || target.outputs.has(output)
      ? []
      : [`${file.path}:${lineOf(node)}: ${module.path} has no output ${output}`];
  });
}

/** Every name of an expression is declared in the file, or part of the language; every declared one is used. */
export function nameProblems(file: BicepFile): readonly string[] {
  const declared = declarationsOf(file);
  const used = [...nodesBelow(file.root)].filter(isUse);
  const unknown = used.filter(({ text }) => !declared.has(text) && !builtIns.has(text));
  const usedNames = new Set(used.map(({ text }) => text));
  const unused = [...file.parameters.map(({ name }) => name), ...file.variables.keys()];
  return [
    ...unknown.map((node) => `${file.path}:${lineOf(node)}: nothing here is called ${node.text}`),
    ...unused.filter((name) => !usedNames.has(name)).map((name) => `${file.path}: nobody uses ${name}`),
  ];
}

function declarationsOf(file: BicepFile): ReadonlySet<string> {
  const locals = [...nodesBelow(file.root)].flatMap((node) => {
    if (node.type === 'loop_variable' || node.type === 'loop_enumerator') return [node.text];
    const [first] = node.namedChildren;
    const isLocal =
      node.type === 'lambda_expression' || (node.type === 'for_statement' && first?.type === 'identifier');
    return isLocal && first !== undefined ? [first.text] : [];
  });
  return new Set([
    ...file.parameters.map(({ name }) => name),
    ...file.variables.keys(),
    ...file.types.keys(),
    ...file.imports.flatMap(({ names }) => names),
    ...file.resources.map(({ symbol }) => symbol),
    ...file.modules.map(({ symbol }) => symbol),
    ...locals,
  ]);
}

/** An identifier that is neither the name of a declaration nor that of a property. */
function isUse(node: BicepNode): boolean {
  const parent = node.parent;
  if (node.type !== 'identifier' || parent === null) return false;
  const isFirst = parent.namedChildren[0]?.id === node.id;
  const names = /_declaration$|^object_property$|^import_functionality$/;
  return !(names.test(parent.type) && (isFirst || parent.type === 'import_functionality'));
}

/** Files that are read while compiling. @param exists takes a path relative to the root. */
export function loadProblems(file: BicepFile, exists: (path: string) => boolean): readonly string[] {
  return file.loads
    .map((path) => resolve(file, path))
    .filter((path) => !exists(path))
    .map((path) => `${file.path}: reads ${path}, which is not there`);
}

function resolve(file: BicepFile, path: string): string {
  return join(dirname(file.path), path);
}
