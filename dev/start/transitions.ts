// A consumer of the transitions queue, as any program would be one: receive, use, delete.
import { setTimeout as delay } from 'node:timers/promises';
import { QueueClient } from '@azure/storage-queue';
import { z } from 'zod';

const transition = z.looseObject({
  id: z.string(),
  time: z.string(),
  data: z.looseObject({
    key: z.string(),
    kind: z.string(),
    sequence: z.number(),
    terminal: z.boolean(),
    previous: z.looseObject({ state: z.string(), status: z.string().nullable() }).nullable(),
    current: z.looseObject({ state: z.string(), status: z.string().nullable() }),
    observedBy: z.string(),
    resource: z.looseObject({ path: z.string() }),
    label: z.string().nullable(),
  }),
});
export type TransitionMessage = z.infer<typeof transition>;

const idleMs = 200;

/** Hands each event on until the signal fires. */
export async function consumeTransitions(
  connectionString: string,
  onTransition: (event: TransitionMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const queue = new QueueClient(connectionString, 'opwatch-transitions');
  while (!signal.aborted) {
    const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
    for (const message of receivedMessageItems) {
      const text = Buffer.from(message.messageText, 'base64').toString('utf8');
      onTransition(transition.parse(JSON.parse(text)));
      await queue.deleteMessage(message.messageId, message.popReceipt);
    }
    // Between two looks at an empty queue; Ctrl-C ends the wait.
    if (receivedMessageItems.length === 0) await delay(idleMs, undefined, { signal }).catch(() => undefined);
  }
}
