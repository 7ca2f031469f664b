// A file is read top to bottom without scrolling for long: at most 300 lines, and no function over 60 lines of its own.
// The lines of functions inside it count for themselves, so that a factory may hold what it makes.
import type { Outcome } from './outcome.ts';
import { sourceFiles } from './source-files.ts';
import { type Node, nodesOf, parseSource, type Source } from './syntax-tree.ts';

const maxFileLines = 300;
const maxFunctionLines = 60;
const functionTypes = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'MethodProperty',
]);

export async function checkSize(root: string): Promise<Outcome> {
  const paths = await sourceFiles(root);
  const sources = await Promise.all(paths.map((path) => parseSource(root, path)));
  return { problems: sources.flatMap(problemsOf), seen: `${paths.length} files` };
}

function problemsOf(source: Source): readonly string[] {
  const tooLong =
    source.lines > maxFileLines ? [`${source.path}: ${source.lines} lines, ${maxFileLines} at most`] : [];
  // The body of describe is a list of tests, not a function that somebody reads as one.
  if (source.path.startsWith('test/')) return tooLong;
  const functions = [...nodesOf(source.tree)].filter((node) => functionTypes.has(node.type));
  return [...tooLong, ...functions.flatMap((node) => functionProblems(source, node))];
}

function functionProblems(source: Source, node: Node): readonly string[] {
  const { first, last } = source.linesOf(node);
  const isInner = (inner: Node): boolean => inner !== node && functionTypes.has(inner.type);
  const inner = [...nodesOf(node, (one) => !isInner(one))].filter(isInner);
  const innerLines = inner.map((one) => source.linesOf(one)).map((lines) => lines.last - lines.first);
  const own = last - first + 1 - innerLines.reduce((sum, lines) => sum + lines, 0);
  return own > maxFunctionLines
    ? [`${source.path}:${first}: a function of ${own} lines, ${maxFunctionLines} at most`]
    : [];
}
