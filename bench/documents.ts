// Shows a run in the documents: what stands between two marks is replaced, and nothing else.
import { readFile, writeFile } from 'node:fs/promises';

/** @throws Error for a document that has not both marks, once and in order. */
export function replaceBlock(document: string, name: string, block: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [before = '', inner, ...more] = document.split(begin);
  const [, after, ...rest] = inner?.split(end) ?? [];
  if (inner === undefined || after === undefined || more.length + rest.length > 0)
    throw new Error(`no block "${name}" between one ${begin} and one ${end}`);
  return `${before}${begin}\n${block}\n${end}${after}`;
}

export async function writeBlock(path: string, name: string, block: string): Promise<void> {
  await writeFile(path, replaceBlock(await readFile(path, 'utf8'), name, block));
}
