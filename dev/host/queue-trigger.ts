// A queue function's loop. It fetches a batch while at most newBatchThreshold messages run, and backs off when the queue
// is empty or missing: it never creates it. A message is deleted after its run and its outputs; one that failed becomes
// visible again, or goes to the poison queue after maxDequeueCount tries.
// Dying in mid-message: it comes back when its 10 minutes are over, and the try counts. Dying between the poison copy and
// the delete leaves both.
import {
  type QueueClient,
  type QueueServiceClient,
  type ReceivedMessageItem,
  RestError,
} from '@azure/storage-queue';
import type { Clock } from './clock.ts';
import type { PlannedFunction, QueueTrigger } from './function-plan.ts';
import type { QueueSettings } from './host-json.ts';
import type { Invoker } from './invoke.ts';
import { type HostLog, messageOf } from './log.ts';
import { queueInvocation } from './queue-message.ts';
import { send } from './queue-output.ts';

export type QueueListener = {
  readonly invoker: Pick<Invoker, 'invoke'>;
  readonly clock: Clock;
  readonly log: HostLog;
  readonly signal: AbortSignal;
  readonly settings: QueueSettings;
  readonly queues: QueueServiceClient;
  /** How long a message is hidden while it runs, renewed at half-time. Default: the real host's 10 minutes. */
  readonly leaseMs?: number;
};

const defaultLeaseMs = 10 * 60_000;
const shortestPollMs = 100;

/** Resolves after the signal aborted and the messages under way ended. */
export async function listenToQueue(
  fn: PlannedFunction<QueueTrigger>,
  listener: QueueListener,
): Promise<void> {
  const { clock, log, signal, settings, queues } = listener;
  const queue = queues.getQueueClient(fn.trigger.queueName);
  const running = new Set<Promise<void>>();
  let emptyPolls = 0;
  while (!signal.aborted) {
    if (running.size > settings.newBatchThreshold) {
      await Promise.race(running);
      continue;
    }
    const messages = await receive();
    if (signal.aborted) {
      // Asked for before the stop: nobody should wait ten minutes for them.
      await Promise.allSettled(
        messages.map((message) => queue.updateMessage(message.messageId, message.popReceipt, undefined, 0)),
      );
      break;
    }
    for (const message of messages) {
      const processed = processMessage({ fn, queue, message, listener }).finally(() =>
        running.delete(processed),
      );
      running.add(processed);
    }
    emptyPolls = messages.length === 0 ? emptyPolls + 1 : 0;
    if (emptyPolls > 0) await clock.sleep(pollDelayMs(emptyPolls, settings.maxPollingIntervalMs), signal);
  }
  await Promise.allSettled(running);

  async function receive(): Promise<readonly ReceivedMessageItem[]> {
    try {
      const visibilityTimeout = Math.ceil((listener.leaseMs ?? defaultLeaseMs) / 1000);
      const { batchSize: numberOfMessages } = settings;
      return (await queue.receiveMessages({ numberOfMessages, visibilityTimeout })).receivedMessageItems;
    } catch (error) {
      const isMissing = error instanceof RestError && error.code === 'QueueNotFound';
      const level = isMissing ? 'debug' : 'warning';
      log(
        level,
        { category: `Function.${fn.name}`, error: messageOf(error) },
        `${queue.name} could not be read`,
      );
      return [];
    }
  }
}

/** Doubles from 100 ms, spread by a fifth so that several hosts do not poll in step; never above the maximum. */
function pollDelayMs(emptyPolls: number, maxMs: number): number {
  const delayMs = shortestPollMs * 2 ** Math.min(emptyPolls - 1, 20) * (0.8 + 0.4 * Math.random());
  return Math.min(maxMs, delayMs);
}

type Processing = {
  readonly fn: PlannedFunction<QueueTrigger>;
  readonly queue: QueueClient;
  readonly message: ReceivedMessageItem;
  readonly listener: QueueListener;
};

async function processMessage({ fn, queue, message, listener }: Processing): Promise<void> {
  const { settings, log } = listener;
  const fields = { category: `Function.${fn.name}`, messageId: message.messageId };
  const lease = keepHidden({ fn, queue, message, listener });
  try {
    // A crash may have used up the last try.
    const isDone =
      message.dequeueCount <= settings.maxDequeueCount && (await runs({ fn, queue, message, listener }));
    const popReceipt = await lease.end();
    if (isDone) {
      await queue.deleteMessage(message.messageId, popReceipt);
    } else if (message.dequeueCount >= settings.maxDequeueCount) {
      log('warning', fields, `the message goes to ${queue.name}-poison after ${message.dequeueCount} tries`);
      await send(listener.queues.getQueueClient(`${queue.name}-poison`), message.messageText);
      await queue.deleteMessage(message.messageId, popReceipt);
    } else {
      await queue.updateMessage(
        message.messageId,
        popReceipt,
        undefined,
        Math.ceil(settings.visibilityTimeoutMs / 1000),
      );
    }
  } catch (error) {
    // It is someone else's now, or storage is away: it comes back when its lease ends. At least once.
    log('warning', { ...fields, error: messageOf(error) }, 'the message could not be settled');
  } finally {
    await lease.end();
  }
}

/** @returns whether the run succeeded. What failed there is logged by the invoker. */
async function runs({ fn, message, listener }: Processing): Promise<boolean> {
  const { invoker, settings, log } = listener;
  const text = decode(message.messageText, settings.messageEncoding);
  if (text === undefined) {
    const fields = { category: `Function.${fn.name}`, messageId: message.messageId };
    log('error', fields, 'the message is not Base64: does its sender use the messageEncoding of host.json?');
    return false;
  }
  try {
    await invoker.invoke(fn, queueInvocation(fn.trigger.queueName, text, message));
    return true;
  } catch {
    // Counts as a failed try.
    return false;
  }
}

/** Renews the message's lease at half-time. @returns `end`, which gives the pop receipt that is valid then. */
function keepHidden({ fn, queue, message, listener }: Processing): { readonly end: () => Promise<string> } {
  const { clock, log, leaseMs = defaultLeaseMs } = listener;
  const ended = new AbortController();
  let { popReceipt } = message;
  const renewing = (async () => {
    for (;;) {
      await clock.sleep(leaseMs / 2, ended.signal);
      if (ended.signal.aborted) return;
      try {
        const answer = await queue.updateMessage(
          message.messageId,
          popReceipt,
          undefined,
          Math.ceil(leaseMs / 1000),
        );
        popReceipt = answer.popReceipt ?? popReceipt;
      } catch (error) {
        // Tried again at the next half-time; until the lease is over nobody else gets the message.
        const fields = {
          category: `Function.${fn.name}`,
          messageId: message.messageId,
          error: messageOf(error),
        };
        log('warning', fields, 'the message could not be kept hidden');
      }
    }
  })();
  return {
    end: async () => {
      ended.abort();
      await renewing;
      return popReceipt;
    },
  };
}

/** @returns undefined for a text that is not Base64 where Base64 is expected. */
function decode(text: string, encoding: 'base64' | 'none'): string | undefined {
  if (encoding === 'none') return text;
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('utf8');
}
