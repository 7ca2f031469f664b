// Queue triggers and queue output against a real queue: tries, poison, missing queues, stale receipts, a stop in between.
import { type QueueClient, QueueServiceClient } from '@azure/storage-queue';
import { describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../../dev/host/clock.ts';
import type { PlannedFunction, QueueTrigger } from '../../../dev/host/function-plan.ts';
import { listenToQueue } from '../../../dev/host/queue-trigger.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { startHostProcess } from './harness.ts';

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
let names = 0;

function aQueue(name = 'work'): QueueClient {
  names += 1;
  return QueueServiceClient.fromConnectionString(azurite()).getQueueClient(
    `host-${process.pid}-${name}${names}`,
  );
}

const envOf = (queue: QueueClient, env: Readonly<Record<string, string>> = {}) => ({
  FIXTURE: 'queue',
  FIXTURE_STORAGE: azurite(),
  AzureWebJobsStorage: azurite(),
  WORK_QUEUE: queue.name,
  ...env,
});

async function poisonOf(queue: QueueClient): Promise<readonly string[]> {
  const poison = QueueServiceClient.fromConnectionString(azurite()).getQueueClient(`${queue.name}-poison`);
  return await eventually(async () => {
    if (!(await poison.exists())) return undefined;
    const { peekedMessageItems } = await poison.peekMessages({ numberOfMessages: 32 });
    return peekedMessageItems.length > 0
      ? peekedMessageItems.map(({ messageText }) => messageText)
      : undefined;
  });
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await systemClock.sleep(50, new AbortController().signal);
  }
}

const lengthOf = async (queue: QueueClient) => (await queue.getProperties()).approximateMessagesCount;

describe('a queue function', () => {
  test('waits for its queue to be made, tries three times, and leaves the same bytes as poison', async () => {
    const queue = aQueue();
    const host = await startHostProcess({ env: envOf(queue) });
    expect(await queue.exists()).toBe(false);
    await queue.create();
    await queue.sendMessage(base64({ fail: true, n: 1 }));
    expect(await poisonOf(queue)).toEqual([base64({ fail: true, n: 1 })]);
    expect(host.told('work').map(({ dequeueCount }) => dequeueCount)).toEqual([1, 2, 3]);
    await eventually(async () => ((await lengthOf(queue)) === 0 ? true : undefined));
  });

  test('runs no message whose tries a crash used up, and none that is not Base64', async () => {
    const queue = aQueue();
    await queue.create();
    await queue.sendMessage(base64({ n: 1 }));
    for (let count = 0; count < 3; count += 1) {
      const [message] = (await queue.receiveMessages()).receivedMessageItems;
      await queue.updateMessage(message?.messageId ?? '', message?.popReceipt ?? '', undefined, 0);
    }
    const host = await startHostProcess({ env: envOf(queue) });
    expect(await poisonOf(queue)).toEqual([base64({ n: 1 })]);
    await queue.sendMessage('{"n":2}');
    await eventually(async () => ((await poisonOf(queue)).length === 2 ? true : undefined));
    expect(host.told('work')).toEqual([]);
  });

  test('reads plain text with messageEncoding none, and what an admin gives it', async () => {
    const queue = aQueue();
    await queue.create();
    const encoding = { AzureFunctionsJobHost__extensions__queues__messageEncoding: 'none' };
    const host = await startHostProcess({ env: envOf(queue, encoding) });
    await queue.sendMessage('{"n":1}');
    expect(await host.until(() => host.told('work')[0])).toEqual({
      message: { n: 1 },
      dequeueCount: 1,
    });
    const body = JSON.stringify({ input: '{"n":2}' });
    const run = await fetch(`${host.url}/admin/functions/work`, { method: 'POST', body });
    expect(run.status).toBe(202);
    expect(await host.until(() => host.told('work')[1])).toMatchObject({ message: { n: 2 } });
  });

  test('ends what runs at a stop and leaves the rest in the queue', async () => {
    const queue = aQueue();
    await queue.create();
    const one = { AzureFunctionsJobHost__extensions__queues__batchSize: '1' };
    const threshold = { AzureFunctionsJobHost__extensions__queues__newBatchThreshold: '0' };
    const host = await startHostProcess({ env: envOf(queue, { ...one, ...threshold }) });
    await queue.sendMessage(base64({ n: 1, ms: 700 }));
    await queue.sendMessage(base64({ n: 2, ms: 700 }));
    await host.until(() => host.told('work')[0]);
    expect(await host.end()).toBe(0);
    expect([host.told('worked').length, await lengthOf(queue)]).toEqual([1, 1]);
  });
});

describe('a message under way', () => {
  /** A listener in this process whose half-time comes when the test says so. */
  async function aListener(queue: QueueClient) {
    const stopping = new AbortController();
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const halfTimes: (() => void)[] = [];
    const leaseMs = 600_000;
    const clock: Clock = {
      nowMs: Date.now,
      sleep: async (ms, signal) => {
        if (ms !== leaseMs / 2) return await systemClock.sleep(ms, signal);
        await new Promise<void>((resolve) => {
          halfTimes.push(resolve);
          signal.addEventListener('abort', () => resolve());
        });
      },
    };
    const logged: string[] = [];
    const trigger: QueueTrigger = {
      type: 'queueTrigger',
      bindingName: 'q',
      queueName: queue.name,
      connection: 'C',
    };
    const fn: PlannedFunction<QueueTrigger> = {
      name: 'work',
      metadata: { name: 'work', bindings: {} },
      callback: () => undefined,
      isDisabled: false,
      trigger,
      outputs: [],
      retry: undefined,
    };
    const invoke = async () => {
      begun.resolve();
      await finish.promise;
      return {};
    };
    const ended = listenToQueue(fn, {
      invoker: { invoke },
      clock,
      log: (_level, _fields, message) => void logged.push(message),
      signal: stopping.signal,
      settings: {
        batchSize: 1,
        newBatchThreshold: 0,
        maxPollingIntervalMs: 200,
        visibilityTimeoutMs: 0,
        maxDequeueCount: 3,
        messageEncoding: 'none',
      },
      queues: QueueServiceClient.fromConnectionString(azurite()),
      leaseMs,
    });
    await begun.promise;
    return {
      logged,
      passHalfTime: () => halfTimes.shift()?.(),
      halfTimes,
      end: async () => {
        finish.resolve();
        stopping.abort();
        await ended;
      },
    };
  }

  test('is kept hidden at half-time and deleted with the newer receipt', async () => {
    const queue = aQueue();
    await queue.create();
    const { messageId, popReceipt } = await queue.sendMessage('x');
    const listener = await aListener(queue);
    listener.passHalfTime();
    await eventually(async () => (listener.halfTimes.length > 0 ? true : undefined));
    await expect(queue.deleteMessage(messageId, popReceipt)).rejects.toMatchObject({ statusCode: 400 });
    await listener.end();
    expect([await lengthOf(queue), listener.logged]).toEqual([0, []]);
  });

  test('that someone else took is left to them', async () => {
    const queue = aQueue();
    await queue.create();
    await queue.sendMessage('x');
    const listener = await aListener(queue);
    await queue.clearMessages();
    await listener.end();
    expect(listener.logged).toEqual(['the message could not be settled']);
  });
});

describe('queue output', () => {
  test('is sent after success only, one message an element, into a queue it makes', async () => {
    const service = QueueServiceClient.fromConnectionString(azurite());
    const [input, output] = [service.getQueueClient('spread'), service.getQueueClient('spread-out')];
    await input.createIfNotExists();
    const env = { FIXTURE: 'outputs', AzureWebJobsStorage: azurite() };
    const host = await startHostProcess({ env });
    await input.sendMessage(base64({ fail: true, value: ['never'] }));
    await host.until((lines) => lines.find(({ message }) => message === 'spread failed'));
    await input.sendMessage(base64({ value: [{ a: 1 }, 'x'] }));
    await host.until((lines) => lines.find(({ message }) => message === 'spread succeeded'));
    const { receivedMessageItems } = await output.receiveMessages({ numberOfMessages: 32 });
    const texts = receivedMessageItems.map(({ messageText }) =>
      Buffer.from(messageText, 'base64').toString(),
    );
    expect(texts.toSorted()).toEqual(['x', '{\n  "a": 1\n}']);
  });
});
