// Follows the operations of calls through time. Only the next change of each waits in the agenda: a script can become
// another one at any moment, and what has been told is told.
import type { Operation, World } from '../operations.ts';
import type { Step } from '../scripts.ts';
import type { Agenda } from './agenda.ts';
import { type Change, nextChange } from './changes.ts';

/** Tells a change to whom it concerns; @returns how long GET goes on showing what was before. */
export type Tell = (operation: Operation, change: Change) => number;

type Track = {
  /** Earlier changes are history. */
  readonly fromMs: number;
  readonly told: Set<Step>;
  /** Epoch milliseconds from which on GET shows a step that was told early. */
  readonly visibleAtMs: Map<Step, number>;
  /** Grows when the plan changes; what waits under an older number is void. */
  version: number;
};

type Watched = {
  readonly now: () => number;
  readonly world: World;
  readonly agenda: Agenda;
  readonly isWanted: (operation: Operation) => boolean;
  readonly tell: Tell;
};

export function createWatch({ now, world, agenda, isWanted, tell }: Watched) {
  const tracks = new Map<string, Track>();

  /** @param atMs the clock may have moved since the operation became what it is. */
  function follow(operation: Operation, atMs = now()): void {
    const { kind, announced, path } = operation;
    if (kind !== 'commsOperation' || !announced) {
      return;
    }
    const known = tracks.get(path);
    if (known || isWanted(operation)) {
      const track = known ?? { fromMs: atMs, told: new Set(), visibleAtMs: new Map(), version: 0 };
      tracks.set(path, track);
      plan(track, operation);
    }
  }

  function plan(track: Track, operation: Operation): void {
    track.version += 1;
    const { version } = track;
    const change = nextChange(operation, { fromMs: track.fromMs, steps: track.told });
    if (change) {
      agenda.add(change.atMs, () => {
        if (track.version === version) {
          happen(track, operation, change);
        }
      });
    }
  }

  function happen(track: Track, operation: Operation, change: Change): void {
    track.told.add(change.step);
    const earlyMs = tell(operation, change);
    if (earlyMs > 0) {
      track.visibleAtMs.set(change.step, now() + earlyMs);
    }
    plan(track, operation);
  }

  return {
    follow,
    /** Follows the operations that somebody wants to hear of by now. */
    followAll(): void {
      for (const operation of world.operations.values()) {
        if (!tracks.has(operation.path)) {
          follow(operation);
        }
      }
    },
    forget(path: string): void {
      const track = tracks.get(path);
      if (track) {
        track.version += 1;
        tracks.delete(path);
      }
    },
    /** The step that GET shows in place of this one, which may have been told early; undefined: none yet. */
    shown(operation: Operation, step: Step): Step | undefined {
      const visibleAtMs = tracks.get(operation.path)?.visibleAtMs;
      if (!visibleAtMs || visibleAtMs.size === 0) {
        return step;
      }
      const past = operation.script.slice(0, operation.script.indexOf(step) + 1);
      return past.findLast((each) => (visibleAtMs.get(each) ?? 0) <= now());
    },
    /** How long GET does not show the operation at all. */
    hiddenMs({ path, script }: Operation): number {
      const visibleAtMs = tracks.get(path)?.visibleAtMs.get(script[0] as Step);
      return visibleAtMs === undefined ? 0 : Math.max(0, visibleAtMs - now());
    },
    clear(): void {
      for (const track of tracks.values()) {
        track.version += 1;
      }
      tracks.clear();
    },
  };
}
