// A source file as a tree, for the checks that no tool has.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@swc/core';

export type Node = { readonly type: string; readonly [property: string]: unknown };
export type Source = {
  readonly path: string;
  readonly tree: Node;
  /** Number of lines as editors count them. */
  readonly lines: number;
  readonly linesOf: (node: Node) => { readonly first: number; readonly last: number };
};

export async function parseSource(root: string, path: string): Promise<Source> {
  const bytes = await readFile(join(root, path));
  const module = await parse(bytes.toString('utf8'), { syntax: 'typescript', target: 'es2024' });
  // The parser counts bytes, from one.
  const lineAt = (position: number): number => countLines(bytes.subarray(0, position - 1));
  return {
    path,
    tree: module as unknown as Node,
    lines: countLines(bytes) - 1,
    linesOf: (node) => {
      const span = node['span'] as { readonly start: number; readonly end: number };
      return { first: lineAt(span.start), last: lineAt(span.end) };
    },
  };
}

/** Every node below and including this one, parents first. `enter` may refuse to go below a node. */
export function* nodesOf(value: unknown, enter: (node: Node) => boolean = () => true): Generator<Node> {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item, enter);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (isNode(value)) {
    yield value;
    if (!enter(value)) return;
  }
  for (const child of Object.values(value)) yield* nodesOf(child, enter);
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** @returns the name of an identifier or of a member access's dotted path, else null. */
export function nameOf(value: unknown): string | null {
  if (!isNode(value)) return null;
  if (value.type === 'Identifier') return String(value['value']);
  if (value.type !== 'MemberExpression') return null;
  const [object, property] = [nameOf(value['object']), nameOf(value['property'])];
  return object === null || property === null ? null : `${object}.${property}`;
}

/** The arguments of a call or of `new`, without their spread marks. */
export function argumentsOf(call: Node): readonly unknown[] {
  const list = (call['arguments'] ?? []) as readonly { readonly expression: unknown }[];
  return list.map((argument) => argument.expression);
}

function countLines(bytes: Buffer): number {
  let lines = 1;
  for (const byte of bytes) if (byte === 0x0a) lines += 1;
  return lines;
}
