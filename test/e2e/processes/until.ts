// Waiting for a condition, also where no test runner is at hand.
import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again. @returns whether the condition came true within the time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { withinMs, everyMs = 20 }: { readonly withinMs: number; readonly everyMs?: number },
): Promise<boolean> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= endMs) return false;
    await delay(everyMs);
  }
}
