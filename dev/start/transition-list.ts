// The live list of transitions, one aligned line each, and what each kind has ended in so far.
import type { TransitionMessage } from './transitions.ts';

export type TransitionList = {
  readonly add: (event: TransitionMessage) => void;
  /** Gives an operation that has no label a name in the list. @param place its key or its path */
  readonly name: (place: string, name: string) => void;
  /** Resolves when so many operations have ended. */
  readonly ended: (count: number, signal: AbortSignal) => Promise<void>;
  readonly summary: () => string;
};

const endings = ['succeeded', 'failed', 'lost', 'expired', 'cancelled'] as const;
const kinds = ['connectionOperation', 'commsOperation', 'onenoteOperation'] as const;

export function createTransitionList(print: (line: string) => void): TransitionList {
  const names = new Map<string, string>();
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  const waiting = new Set<() => void>();
  let endedCount = 0;
  let isBegun = false;
  return { add, name: (place, name) => void names.set(place, name), ended, summary };

  function add(event: TransitionMessage): void {
    if (seen.has(event.id)) return; // a copy: consumers know events by their id
    seen.add(event.id);
    if (!isBegun) print(row(['time', 'kind', 'operation', 'transition', 'status', 'seen by', '#']));
    isBegun = true;
    const { kind, key, previous, current, observedBy, sequence, terminal, label, resource } = event.data;
    const name = label ?? names.get(key) ?? names.get(resource.path) ?? `${key.slice(0, 8)}…`;
    const change = `${previous?.state ?? '·'} → ${current.state}`;
    print(
      row([
        event.time.slice(11, 23),
        kind,
        name,
        change,
        current.status ?? '-',
        observedBy,
        String(sequence),
      ]),
    );
    if (!terminal) return;
    const place = `${kind} ${current.state}`;
    counts.set(place, (counts.get(place) ?? 0) + 1);
    endedCount += 1;
    for (const check of waiting) check();
  }

  function ended(count: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (endedCount < count && !signal.aborted) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      signal.addEventListener('abort', check, { once: true });
      check();
    });
  }

  function summary(): string {
    const width = 22;
    const head = ['ended as'.padEnd(width), ...endings.map((one) => one.padStart(11))].join('');
    const rows = kinds.map((kind) =>
      [
        kind.padEnd(width),
        ...endings.map((one) => String(counts.get(`${kind} ${one}`) ?? 0).padStart(11)),
      ].join(''),
    );
    return [head, ...rows].join('\n');
  }
}

const widths = [14, 21, 24, 24, 14, 10, 3];

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join('')
    .trimEnd();
}
