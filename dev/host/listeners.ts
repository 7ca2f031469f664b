// Everything that calls functions by itself: one loop a timer or queue function, until the host stops.
import type { Clock } from './clock.ts';
import type { PlannedFunction, QueueTrigger, TimerTrigger } from './function-plan.ts';
import type { HostJson } from './host-json.ts';
import type { Invoker } from './invoke.ts';
import type { HostLog } from './log.ts';
import { listenToQueue } from './queue-trigger.ts';
import type { Connections } from './storage-connection.ts';
import { listenToTimer } from './timers.ts';

export type Listeners = {
  /** Begins nothing new from now on, and resolves when what runs has ended. */
  readonly stop: () => Promise<void>;
};

export type ListenerOptions = {
  readonly functions: readonly PlannedFunction[];
  readonly hostJson: HostJson;
  readonly hostId: string;
  readonly invoker: Invoker;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly log: HostLog;
};

export function startListeners(options: ListenerOptions): Listeners {
  const { functions, hostJson, hostId, invoker, connections, clock, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const loops = functions
    .filter(({ isDisabled }) => !isDisabled)
    .map((fn) => {
      const shared = { invoker, clock, log, signal };
      if (isTimer(fn)) {
        const { singleton } = hostJson;
        return listenToTimer(fn, { ...shared, hostId, singleton, blobs: connections.blobs() });
      }
      if (isQueue(fn)) {
        return listenToQueue(fn, {
          ...shared,
          settings: hostJson.queues,
          queues: connections.queues(fn.trigger.connection),
        });
      }
      return Promise.resolve();
    });
  return {
    stop: async () => {
      stopping.abort();
      await Promise.allSettled(loops);
    },
  };
}

function isTimer(fn: PlannedFunction): fn is PlannedFunction<TimerTrigger> {
  return fn.trigger.type === 'timerTrigger';
}

function isQueue(fn: PlannedFunction): fn is PlannedFunction<QueueTrigger> {
  return fn.trigger.type === 'queueTrigger';
}
