// Several shards a kind: the timer hands them out by a queue, and each message is one sweep. Rows of the fault matrix:
// F-04, F-34, F-36.
import { QueueServiceClient } from '@azure/storage-queue';
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../dev/host/clock.ts';
import type { TypedData } from '../../../dev/host/core-types.ts';
import type { PlannedFunction, QueueTrigger } from '../../../dev/host/function-plan.ts';
import { listenToQueue } from '../../../dev/host/queue-trigger.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { takeMessages } from '../../fixtures/queue-reader.ts';
import type { Watching } from './harness.ts';
import { withWatching } from './with-watching.ts';

const three = { OPWATCH_SHARDS: '3' };
const second = 1000;

async function messages(watching: Watching): Promise<readonly unknown[]> {
  return (await takeMessages(watching.sweepsQueue)).map((text) => JSON.parse(text) as unknown);
}

describe.concurrent('a timer of three shards', { timeout: 90_000 }, () => {
  test('sends one message a shard and sweeps none itself', () =>
    withWatching(async (watching) => {
      await watching.begin(6);
      const counts = await watching.counted(watching.sweep);
      expect(counts).toEqual({ 'queue POST': 3 });
      expect(await messages(watching)).toEqual(
        expect.arrayContaining(
          ['00', '01', '02'].map((number) => ({ shard: `connectionOperation-${number}` })),
        ),
      );
      expect(watching.simulator.control.stats().httpRequests).toBe(0);
    }, three));

  test('fails when they can not be sent', () =>
    withWatching(async (watching) => {
      watching.storage.mode = 'busy';
      await expect(watching.sweep()).rejects.toMatchObject({ code: 'storage_busy' });
    }, three));
});

describe.concurrent('a sweep message', { timeout: 90_000 }, () => {
  test('sweeps its shard, and all of them all operations', () =>
    withWatching(async (watching) => {
      const operations = await watching.begin(30);
      await watching.sweep();
      for (const message of await messages(watching)) await watching.app.sweepShardMessage(message);
      const events = await watching.takeNewEvents();
      expect(events.map(({ data }) => data.key).toSorted()).toEqual(
        operations.map(({ key }) => key).toSorted(),
      );
    }, three));

  test('that comes twice at once is one sweep in a process, and harmless in two (F-36)', () =>
    withWatching(async (watching) => {
      const other = watching.secondApp();
      await watching.begin(30);
      await watching.sweep();
      const [message] = await messages(watching);
      const { sweepShardMessage } = watching.app;
      const counts = await watching.counted(async () => {
        watching.simulator.control.addFault({ fault: 'latency', ms: 50, times: 1 });
        await Promise.all([sweepShardMessage(message), sweepShardMessage(message)]);
      });
      expect(counts['table GET']).toBe(1);
      const first = await watching.takeNewEvents();
      watching.advance(2 * second);
      await Promise.all([sweepShardMessage(message), other.sweepShardMessage(message)]);
      expect(first.length).toBeGreaterThan(0);
      expect(await watching.takeNewEvents()).toEqual([]);
    }, three));

  test.each<{ what: string; message: unknown }>([
    { what: 'nothing', message: undefined },
    { what: 'null', message: null },
    { what: 'a text', message: 'connectionOperation-00' },
    { what: 'a list', message: ['connectionOperation-00'] },
    { what: 'an object without a shard', message: { kind: 'connectionOperation' } },
    { what: 'a number for a shard', message: { shard: 0 } },
    { what: 'a shard that there is not', message: { shard: 'connectionOperation-03' } },
    { what: 'a kind that there is not', message: { shard: 'teamsAsyncOperation-00' } },
    { what: 'another partition', message: { shard: 'meta' } },
    { what: 'a filter', message: { shard: "connectionOperation-00' or PartitionKey ne '" } },
  ])('with $what is refused, and nobody is asked', ({ message }) =>
    withWatching(async (watching) => {
      const counts = await watching.counted(async () => {
        await expect(watching.app.sweepShardMessage(message)).rejects.toThrow(/sweep message/);
      });
      expect(counts).toEqual({});
    }, three),
  );

  test('that is garbage ends as poison with its reason told, and holds up no other (F-34)', () =>
    withWatching(async (watching) => {
      const operations = await watching.begin(9);
      const reasons: string[] = [];
      const stopping = new AbortController();
      const queues = QueueServiceClient.fromConnectionString(azurite());
      const poison = queues.getQueueClient(`${watching.sweepsQueue.name}-poison`);
      for (const text of ['not base64', encode('no JSON'), encode('{"shard":"meta"}')])
        await watching.sweepsQueue.sendMessage(text);
      await watching.sweep();
      const ended = listenToQueue(plannedSweep(watching.sweepsQueue.name), {
        clock: systemClock,
        log: (_level, _fields, message) => void reasons.push(message),
        signal: stopping.signal,
        settings: {
          batchSize: 16,
          newBatchThreshold: 8,
          maxPollingIntervalMs: 100,
          visibilityTimeoutMs: 0,
          maxDequeueCount: 5,
          messageEncoding: 'base64',
        },
        queues,
        invoker: {
          invoke: async (_fn, { input }) => {
            await watching.app.sweepShardMessage(asGiven(input)).catch((error: unknown) => {
              reasons.push(String(error));
              throw error;
            });
            return {};
          },
        },
      });
      const found = new Set<string>();
      await vi.waitUntil(
        async () => {
          if (await poison.exists()) for (const text of await rawMessages(poison)) found.add(text);
          return found.size === 3;
        },
        { interval: 50, timeout: 60_000 },
      );
      stopping.abort();
      await ended;
      expect(found).toEqual(new Set(['not base64', encode('no JSON'), encode('{"shard":"meta"}')]));
      expect(reasons.filter((one) => one.includes('A sweep message must be'))).toHaveLength(2 * 5);
      expect(reasons.filter((one) => one.includes('is not Base64'))).toHaveLength(5);
      expect(reasons.filter((one) => one.includes('-poison after 5 tries'))).toHaveLength(3);
      expect(await watching.takeNewEvents()).toHaveLength(operations.length);
    }, three));

  /** What a function is given: the text's value where it is JSON, as the Functions library does. */
  function asGiven(input: TypedData): unknown {
    const text = input.string ?? '';
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }

  function encode(text: string): string {
    return Buffer.from(text).toString('base64');
  }

  async function rawMessages(
    queue: ReturnType<QueueServiceClient['getQueueClient']>,
  ): Promise<readonly string[]> {
    const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
    return peekedMessageItems.map(({ messageText }) => messageText);
  }

  function plannedSweep(queueName: string): PlannedFunction<QueueTrigger> {
    return {
      name: 'sweepShard',
      metadata: { name: 'sweepShard', bindings: {} },
      callback: () => undefined,
      isDisabled: false,
      trigger: { type: 'queueTrigger', bindingName: 'message', queueName, connection: 'C' },
      outputs: [],
      retry: undefined,
    };
  }
});

describe.concurrent('another number of shards', { timeout: 90_000 }, () => {
  test.each(['1', '2', '64'])(
    '%s, is refused at the start and at every timer, and writes nothing',
    (shards) =>
      withWatching(async (watching) => {
        const other = watching.secondApp({ OPWATCH_SHARDS: shards });
        await expect(other.start()).rejects.toMatchObject({ code: 'shards_changed', action: 'refuse' });
        await expect(other.pollKind('connectionOperation')).rejects.toMatchObject({ code: 'shards_changed' });
        await expect(other.sweepShardMessage({ shard: 'connectionOperation-00' })).rejects.toMatchObject({
          code: 'shards_changed',
        });
        expect(await other.flows.checkReadiness(false)).toMatchObject({ isReady: false });
        expect(await messages(watching)).toEqual([]);
        await watching.sweep();
        expect(await messages(watching)).toHaveLength(3);
      }, three),
  );
});
