// A timer an operation, as pollers without a scheduler of their own do it: a fixed cadence from a random beginning, and a
// bound on what is under way, without which a poller that can't keep up would only drown in its own connections.
import { createRandom } from '../../dev/simulator/random.ts';

export type Cadence = {
  readonly intervalMs: number;
  readonly seed: number;
  readonly maxUnderWay: number;
};

/** @param poll resolves with whether the operation has ended; when it rejects, the operation is polled again at its next time. */
export function pollEach(
  paths: readonly string[],
  { intervalMs, seed, maxUnderWay }: Cadence,
  poll: (path: string) => Promise<boolean>,
): { readonly stop: () => void } {
  const random = createRandom(seed);
  const timers = new Map<string, NodeJS.Timeout>();
  const waiting: string[] = [];
  const dueAtMs = new Map<string, number>();
  let underWay = 0;
  let isStopped = false;
  for (const path of paths) plan(path, performance.now() + random() * intervalMs);
  return { stop };

  function plan(path: string, atMs: number): void {
    dueAtMs.set(path, atMs);
    const become = (): void => {
      waiting.push(path);
      startNext();
    };
    timers.set(path, setTimeout(become, Math.max(0, atMs - performance.now())));
  }

  function startNext(): void {
    while (!isStopped && underWay < maxUnderWay) {
      const path = waiting.shift();
      if (path === undefined) return;
      underWay += 1;
      void pollOne(path);
    }
  }

  async function pollOne(path: string): Promise<void> {
    // A poll that failed says nothing; the next one may.
    const hasEnded = await poll(path).catch(() => false);
    underWay -= 1;
    const nextMs = Math.max((dueAtMs.get(path) ?? 0) + intervalMs, performance.now());
    if (!hasEnded && !isStopped) plan(path, nextMs);
    startNext();
  }

  function stop(): void {
    isStopped = true;
    for (const timer of timers.values()) clearTimeout(timer);
  }
}
