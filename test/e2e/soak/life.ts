// A host that is killed and started again, and sweeps for as long as it lives.
import { setTimeout as delay } from 'node:timers/promises';
import type { HostProcess } from '../processes/host-process.ts';
import type { Scene } from '../processes/scene.ts';

export type Life = {
  readonly kill: () => Promise<void>;
  /** Tries until it runs: without storage it does not start. */
  readonly start: () => Promise<void>;
  /** Sweeps now and then until the signal aborts. */
  readonly sweep: (signal: AbortSignal) => Promise<void>;
  /** The last words of processes that ended without being killed. */
  readonly ownEnds: () => readonly string[];
};

const kinds = ['pollCommsOperations', 'pollConnectionOperations', 'pollOnenoteOperations'] as const;
const betweenSweepsMs = 700;

/** The host that callers and notifications go to: it keeps its port. */
export function firstLife(scene: Scene): Life {
  return lifeOf(async () => {
    await scene.start();
    return scene.current();
  });
}

/** One beside it, that only sweeps. */
export function secondLife(scene: Scene): Life {
  return lifeOf(() => scene.startBeside());
}

function lifeOf(startHost: () => Promise<HostProcess | undefined>): Life {
  let host: HostProcess | undefined;
  let isKilled = false;
  const ownEnds: string[] = [];
  return { kill, start, sweep, ownEnds: () => ownEnds };

  async function kill(): Promise<void> {
    isKilled = true;
    await host?.kill();
  }

  async function start(): Promise<void> {
    for (;;) {
      try {
        host = await startHost();
        isKilled = false;
        return;
      } catch (error) {
        // Storage is away, or the machine is busy.
        console.log(`a start failed: ${error instanceof Error ? error.message : String(error)}`);
        await delay(betweenSweepsMs);
      }
    }
  }

  async function sweep(signal: AbortSignal): Promise<void> {
    const sweepOne = async (kind: string): Promise<void> => {
      while (!signal.aborted) {
        if (host?.isDead() === false) await host.run(kind);
        await delay(betweenSweepsMs);
      }
    };
    await Promise.all([...kinds.map(sweepOne), revive(signal)]);
  }

  /** A process that ends by itself is a failure; the others shall not wait for it. */
  async function revive(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!isKilled && host?.isDead() === true) {
        const lastWords = `A host ended with ${await host.ended}:\n${host.lines.slice(-25).join('\n')}`;
        console.log(lastWords);
        ownEnds.push(lastWords);
        await start();
      }
      await delay(betweenSweepsMs);
    }
  }
}
