// Work that nobody waits for, done a moment later and once for all who asked meanwhile. When the app stops it is done at
// once. If we die before, it was not done: only what may be lost is put off.

export type SoonPorts = {
  /** Resolves after the time, or at once when the signal fires. */
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Fires when the app stops. */
  readonly stopping: AbortSignal;
  /** Takes work under way, so that a stop waits for its end. */
  readonly inBackground: (work: Promise<void>) => void;
};

/** @param run never rejects. @returns what asks for it; further requests before it begins are the same one. */
export function createSoon(ports: SoonPorts, delayMs: number, run: () => Promise<void>): () => void {
  let isAsked = false;
  return function ask() {
    if (isAsked) return;
    isAsked = true;
    ports.inBackground(runLater());
  };

  async function runLater(): Promise<void> {
    await ports.sleep(delayMs, ports.stopping);
    isAsked = false;
    await run();
  }
}
