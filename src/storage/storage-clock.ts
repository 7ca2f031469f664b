// The clock of stored times: the storage service's, never ahead of it, so that processes with wrong clocks agree.
// Each answer's Date header is a lower bound of the service's time; the greatest bound of the last minutes holds. It
// runs on the monotonic clock between answers: a step of the local wall clock changes nothing.

export type StorageClock = {
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  /** Takes the Date header of an answer that has just arrived. */
  readonly learn: (serverDateMs: number) => void;
};

/** This process's own clocks. */
export type LocalClocks = { readonly wallMs: () => number; readonly monotonicMs: () => number };

/** Two windows are kept, so that a bound is forgotten after 5 to 10 minutes: quartz drifts by far less in that time. */
const windowMs = 5 * 60_000;

/** @param local.wallMs is used only until the first answer of the storage service. */
export function createStorageClock(local: LocalClocks): StorageClock {
  let windowStartMs = local.monotonicMs();
  let current = Number.NEGATIVE_INFINITY;
  let previous = Number.NEGATIVE_INFINITY;
  const wallOffsetMs = local.wallMs() - local.monotonicMs();

  return { nowMs, monotonicMs: local.monotonicMs, learn };

  function nowMs(): number {
    const learned = Math.max(current, previous);
    const offsetMs = Number.isFinite(learned) ? learned : wallOffsetMs;
    return Math.floor(local.monotonicMs() + offsetMs);
  }

  function learn(serverDateMs: number): void {
    if (!Number.isFinite(serverDateMs)) return;
    const atMs = local.monotonicMs();
    if (atMs - windowStartMs >= windowMs) {
      previous = current;
      current = Number.NEGATIVE_INFINITY;
      windowStartMs = atMs;
    }
    current = Math.max(current, serverDateMs - atMs);
  }
}
