// The lives of the world's operations: what is true of each, and when. They stand for all that Graph's operations do: end
// well or badly, at birth or late, say new words, vanish with or without a word, never end.
import { randomGuid } from '../../dev/simulator/random.ts';
import type { Version } from '../../src/domain/operation.ts';
import { parseResource } from '../../src/domain/resources.ts';
import { present } from '../fixtures/present.ts';
import { home } from './app-process.ts';
import { minute, type Plan, second } from './plan.ts';
import type { Phase, TrueOperation } from './simulated-graph.ts';
import type { World } from './world.ts';

const stories = [
  'succeeds',
  'succeeds',
  'fails',
  'endsAtBirth',
  'isBrief',
  'newWord',
  'vanishes',
  'isGone',
  'neverEnds',
] as const;
type Story = (typeof stories)[number];

/** @param parent the call or user that the operation belongs to. */
export function drawOperation(
  world: World,
  { kind, parent, version }: { kind: Plan['kind']; parent: string; version: Version },
): TrueOperation {
  const path = `${roots[kind](parent)}/operations/${randomGuid(world.random)}`;
  const named = present(parseResource(path, home, version));
  const story = stories[Math.floor(world.random() * stories.length)] ?? 'succeeds';
  return { named, phases: drawPhases(world, story) };
}

const roots: Readonly<Record<Plan['kind'], (parent: string) => string>> = {
  commsOperation: (parent) => `/communications/calls/${parent}`,
  onenoteOperation: (parent) => `/users/${parent}/onenote`,
};

export function drawParent(world: World): string {
  return randomGuid(world.random);
}

function drawPhases(world: World, story: Story): readonly Phase[] {
  const bornAtMs = world.nowMs() + world.between(0, 20 * second);
  const endsAtMs = bornAtMs + world.between(5 * second, 70 * second);
  const end = world.chance(0.7) ? 'completed' : 'failed';
  const running: readonly Phase[] = [
    { atMs: bornAtMs, word: world.chance(0.2) ? null : 'notStarted', gone: null },
    { atMs: bornAtMs + world.between(100, 4 * second), word: 'running', gone: null },
  ];
  switch (story) {
    case 'succeeds':
      return [...running, { atMs: endsAtMs, word: 'Completed', gone: null }];
    case 'fails':
      return [...running, { atMs: endsAtMs, word: 'failed', gone: null }];
    case 'endsAtBirth':
      return [{ atMs: bornAtMs, word: end, gone: null }];
    case 'isBrief':
      return [
        { atMs: bornAtMs, word: end, gone: null },
        { atMs: bornAtMs + world.between(2 * second, 5 * second), word: null, gone: 410 },
      ];
    case 'newWord':
      return [
        ...running,
        { atMs: bornAtMs + 10 * second, word: 'finalizing', gone: null },
        { atMs: Math.max(endsAtMs, bornAtMs + 20 * second), word: end, gone: null },
      ];
    case 'vanishes':
      return [...running, { atMs: endsAtMs, word: null, gone: 404 }];
    case 'isGone':
      return [
        ...running,
        { atMs: endsAtMs, word: end, gone: null },
        { atMs: endsAtMs + world.between(second, minute), word: null, gone: 410 },
      ];
    case 'neverEnds':
      return running;
  }
}
