// A test's name says what broke, so it stands once in its file, as a sentence in present tense without "should".
import type { Outcome } from './outcome.ts';
import { sourceFiles } from './source-files.ts';
import { argumentsOf, isNode, type Node, nameOf, nodesOf, parseSource, type Source } from './syntax-tree.ts';

export async function checkTestNames(root: string): Promise<Outcome> {
  const paths = (await sourceFiles(root, ['test'])).filter((path) => path.endsWith('.test.ts'));
  const named = await Promise.all(paths.map(async (path) => namesIn(await parseSource(root, path))));
  const tests = named.flat();
  const seenAt = new Map<string, number>();
  const problems = tests.flatMap(({ path, name, line }) => {
    const key = `${path}\n${name}`;
    const earlier = seenAt.get(key);
    seenAt.set(key, earlier ?? line);
    const duplicate =
      earlier === undefined ? [] : [`${path}:${line}: "${name}" is the name of line ${earlier} too`];
    return /\bshould\b/i.test(name) ? [...duplicate, `${path}:${line}: "${name}" says should`] : duplicate;
  });
  return { problems, seen: `${tests.length} names` };
}

type Named = { readonly path: string; readonly name: string; readonly line: number };

function namesIn(source: Source): readonly Named[] {
  const calls = [...nodesOf(source.tree)].filter(
    (node) => node.type === 'CallExpression' && isTest(node['callee']),
  );
  return calls.flatMap((call) => {
    const name = textOf(argumentsOf(call)[0]);
    return name === null ? [] : [{ path: source.path, name, line: source.linesOf(call).first }];
  });
}

/** `test`, `it`, and what hangs on them: `test.skip`, `test.each(rows)`, `test.for(rows)`. */
function isTest(callee: unknown): boolean {
  const target = isNode(callee) && callee.type === 'CallExpression' ? callee['callee'] : callee;
  return /^(test|it)(\.|$)/.test(nameOf(target) ?? '');
}

function textOf(value: unknown): string | null {
  if (!isNode(value)) return null;
  if (value.type === 'StringLiteral') return String(value['value']);
  if (value.type !== 'TemplateLiteral') return null;
  return (value['quasis'] as readonly Node[]).map((part) => String(part['raw'])).join('${}');
}
