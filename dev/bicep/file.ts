// What one Bicep file declares: parameters, variables, resources, modules, outputs, and the files that it reads.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BicepNode,
  lineOf,
  literalOf,
  nodesBelow,
  parseBicep,
  propertiesOf,
  propertyOf,
} from './syntax.ts';

export type Parameter = {
  readonly name: string;
  readonly type: string;
  /** Null: the caller has to give it. */
  readonly fallback: BicepNode | null;
  /** Its value is kept out of what the platform shows of a deployment. */
  readonly isSecure: boolean;
  readonly line: number;
};

export type Resource = {
  readonly symbol: string;
  readonly type: string;
  readonly apiVersion: string;
  readonly isExisting: boolean;
  readonly body: BicepNode;
  readonly line: number;
};

export type Module = {
  readonly symbol: string;
  readonly path: string;
  readonly given: readonly string[];
  readonly line: number;
};

export type BicepFile = {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly root: BicepNode;
  readonly parameters: readonly Parameter[];
  readonly variables: ReadonlyMap<string, BicepNode>;
  readonly types: ReadonlyMap<string, BicepNode>;
  readonly imports: readonly { readonly names: readonly string[]; readonly path: string }[];
  readonly resources: readonly Resource[];
  readonly modules: readonly Module[];
  readonly outputs: ReadonlyMap<string, BicepNode>;
  /** Arguments of `loadTextContent` and its like. */
  readonly loads: readonly string[];
};

/** Every Bicep file below `infra/`; none where there is no such folder. */
export async function readBicepFiles(root: string): Promise<readonly BicepFile[]> {
  const names = await readdir(join(root, 'infra'), { recursive: true }).catch(() => []);
  const paths = names
    .filter((name) => name.endsWith('.bicep'))
    .map((name) => `infra/${name.replaceAll('\\', '/')}`);
  return Promise.all(
    paths.toSorted().map(async (path) => bicepFile(path, await readFile(join(root, path), 'utf8'))),
  );
}

async function bicepFile(path: string, text: string): Promise<BicepFile> {
  const root = await parseBicep(text);
  const declared = root.namedChildren;
  const of = (type: string): readonly BicepNode[] => declared.filter((node) => node.type === type);
  return {
    path,
    text,
    root,
    parameters: of('parameter_declaration').map(parameterOf),
    variables: named(of('variable_declaration')),
    types: named(of('type_declaration')),
    imports: of('import_functionality').map(importOf),
    resources: of('resource_declaration').map(resourceOf),
    modules: of('module_declaration').map(moduleOf),
    outputs: named(of('output_declaration')),
    loads: [...nodesBelow(root)].flatMap(loadOf),
  };
}

function parameterOf(node: BicepNode): Parameter {
  const [name, type, fallback = null] = node.namedChildren;
  const before = node.previousNamedSibling;
  const isSecure = before?.type === 'decorators' && /@secure\(\)/.test(before.text);
  return { name: name?.text ?? '', type: type?.text ?? '', fallback, isSecure, line: lineOf(node) };
}

/** Name → value, which stands last. */
function named(nodes: readonly BicepNode[]): ReadonlyMap<string, BicepNode> {
  return new Map(nodes.map((node) => [node.namedChildren[0]?.text ?? '', node.namedChildren.at(-1) ?? node]));
}

function importOf(node: BicepNode): BicepFile['imports'][number] {
  const names = node.namedChildren.filter((child) => child.type === 'identifier').map((child) => child.text);
  return { names, path: literalOf(node.namedChildren.at(-1) ?? null) ?? '' };
}

function resourceOf(node: BicepNode): Resource {
  const [symbol, reference, body = node] = node.namedChildren;
  const [type = '', apiVersion = ''] = (literalOf(reference ?? null) ?? '').split('@');
  const isExisting = node.children.some((child) => child.type === 'existing');
  return { symbol: symbol?.text ?? '', type, apiVersion, isExisting, body, line: lineOf(node) };
}

function moduleOf(node: BicepNode): Module {
  const [symbol, path, body = node] = node.namedChildren;
  return {
    symbol: symbol?.text ?? '',
    path: literalOf(path ?? null) ?? '',
    given: propertiesOf(propertyOf(body, 'params')).map(([name]) => name),
    line: lineOf(node),
  };
}

function loadOf(node: BicepNode): readonly string[] {
  const [called, given] = node.type === 'call_expression' ? node.namedChildren : [];
  if (!/^load(Text|Json|Yaml)Content$/.test(called?.text ?? '')) return [];
  return [literalOf(given?.namedChildren[0] ?? null) ?? ''];
}
