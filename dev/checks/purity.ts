// The domain and the flows get time and chance from their callers. The linter refuses the globals; what it can't tell
// apart is refused here: `new Date()` and `Date()` (a date of a given instant is arithmetic) and node:crypto's chance.
import type { Outcome } from './outcome.ts';
import { sourceFiles } from './source-files.ts';
import { argumentsOf, isNode, type Node, nameOf, nodesOf, parseSource, type Source } from './syntax-tree.ts';

export async function checkPurity(root: string): Promise<Outcome> {
  const paths = await sourceFiles(root, ['src/domain', 'src/flows']);
  const sources = await Promise.all(paths.map((path) => parseSource(root, path)));
  return { problems: sources.flatMap(problemsOf), seen: `${paths.length} files` };
}

function problemsOf(source: Source): readonly string[] {
  return [...nodesOf(source.tree)].flatMap((node) => {
    const problem = problemOf(node);
    return problem === null
      ? []
      : [`${source.path}:${source.linesOf(node).first}: ${problem}, which is a port`];
  });
}

function problemOf(node: Node): string | null {
  if (readsTheClock(node)) return 'reads the clock';
  return takesAChance(node) ? 'takes a chance' : null;
}

function readsTheClock(node: Node): boolean {
  if (nameOf(node['callee']) !== 'Date') return false;
  return node.type === 'CallExpression' || (node.type === 'NewExpression' && argumentsOf(node).length === 0);
}

function takesAChance(node: Node): boolean {
  if (node.type !== 'ImportSpecifier') return false;
  const imported = isNode(node['imported']) ? node['imported'] : node['local'];
  return /^(random|getRandom|webcrypto|generate)/.test(nameOf(imported) ?? '');
}
