// Bicep as a tree, without its compiler: the grammar of tree-sitter, as WebAssembly, so nothing is built or downloaded.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Language, type Node, Parser } from 'web-tree-sitter';

const require = createRequire(import.meta.url);
let opening: Promise<Language> | undefined;

export type BicepNode = Node;

/** @returns the whole file's node. Positions are those of the text, also after what the grammar does not know. */
export async function parseBicep(text: string): Promise<BicepNode> {
  opening ??= open();
  const language = await opening;
  const parser = new Parser();
  parser.setLanguage(language);
  const tree = parser.parse(maskExtensions(text));
  if (tree === null) throw new Error('The Bicep parser gave up.');
  return tree.rootNode;
}

async function open(): Promise<Language> {
  await Parser.init();
  return Language.load(await readFile(require.resolve('tree-sitter-bicep/tree-sitter-bicep.wasm')));
}

/** The grammar is older than `extension name`; as a comment of the same length it moves nothing. */
function maskExtensions(text: string): string {
  return text.replaceAll(/^extension \w+$/gm, (line) => `//${line.slice(2)}`);
}

/** Every node below and including this one, parents first. */
export function* nodesBelow(node: BicepNode): Generator<BicepNode> {
  yield node;
  for (const child of node.children) yield* nodesBelow(child);
}

/** @returns the value of a property of an object, or of what a loop or condition makes. */
export function propertyOf(node: BicepNode | null, name: string): BicepNode | null {
  return propertiesOf(node).find(([key]) => key === name)?.[1] ?? null;
}

/** @param path names of properties, each below the other. */
export function valueAt(node: BicepNode | null, path: readonly string[]): BicepNode | null {
  return path.reduce(propertyOf, node);
}

/** Names and values of an object; quotes around a name are taken off. */
export function propertiesOf(node: BicepNode | null): readonly (readonly [string, BicepNode])[] {
  const object = objectOf(node);
  if (object === null) return [];
  return object.namedChildren.flatMap((property) => {
    const [key, value] = property.type === 'object_property' ? property.namedChildren : [];
    return key === undefined || value === undefined ? [] : [[literalOf(key) ?? key.text, value] as const];
  });
}

/** The body of a loop or of a condition is the object that matters. */
function objectOf(node: BicepNode | null): BicepNode | null {
  if (node === null || node.type === 'object') return node;
  const inner = node.namedChildren.findLast((child) =>
    ['object', 'if_statement', 'for_statement'].includes(child.type),
  );
  return ['if_statement', 'for_statement'].includes(node.type) ? objectOf(inner ?? null) : null;
}

/** @returns the text of a string without interpolation, else null. */
export function literalOf(node: BicepNode | null): string | null {
  if (node?.type !== 'string') return null;
  if (node.namedChildren.some((child) => child.type === 'interpolation')) return null;
  return node.text.slice(1, -1);
}

/** Where a node begins, as editors count. */
export function lineOf(node: BicepNode): number {
  return node.startPosition.row + 1;
}
