// What a queue function is given: the text, and the message's facts as trigger metadata.
import { randomUUID } from 'node:crypto';
import type { ReceivedMessageItem } from '@azure/storage-queue';
import type { TypedData } from './core-types.ts';
import { type Invocation, newInvocationId } from './invoke.ts';

/** @param message undefined when an admin runs the function with a text of their own. */
export function queueInvocation(
  queueName: string,
  text: string,
  message: ReceivedMessageItem | undefined,
): Invocation {
  const now = new Date();
  const invocationId = newInvocationId();
  const sys = { MethodName: queueName, UtcNow: now.toISOString(), RandGuid: randomUUID() };
  const triggerMetadata: Record<string, TypedData> = {
    QueueTrigger: { string: text },
    DequeueCount: { json: String(message?.dequeueCount ?? 1) },
    Id: { string: message?.messageId ?? randomUUID() },
    PopReceipt: { string: message?.popReceipt ?? '' },
    InsertionTime: instant(message?.insertedOn ?? now),
    ExpirationTime: instant(message?.expiresOn ?? now),
    NextVisibleTime: instant(message?.nextVisibleOn ?? now),
    sys: { json: JSON.stringify(sys) },
  };
  return { invocationId, input: { string: text }, triggerMetadata };
}

function instant(date: Date): TypedData {
  return { json: JSON.stringify(date.toISOString().replace('Z', '+00:00')) };
}
