// A queue in memory that keeps what was sent, in order. A fault hook decides for each message what its sender learns.
import { AppError } from '../../src/domain/errors.ts';
import type { SendQueue } from '../../src/storage/azure-queue.ts';

export type MemoryQueue = SendQueue & {
  readonly bodies: readonly string[];
  /** Asked before each send: `refuse` loses the message, `lose` keeps it; both reject. Null or absent: no fault. */
  fault: ((body: string) => 'refuse' | 'lose' | null) | null;
};

export function createMemoryQueue(): MemoryQueue {
  const bodies: string[] = [];
  const queue: MemoryQueue = { bodies, fault: null, send, prepare: async () => {} };
  return queue;

  async function send(body: string): Promise<void> {
    const fault = queue.fault?.(body) ?? null;
    if (fault !== 'refuse') bodies.push(body);
    if (fault !== null)
      throw new AppError('storage_busy', `Told to ${fault} this message.`, { action: 'retry' });
  }
}
