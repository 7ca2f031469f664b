// A storage queue to send to. One try: what was not clearly accepted stays in its outbox row and is sent again by a
// later sweep, with the same bytes; a hidden retry here would only make more copies.
import type { QueueClient } from '@azure/storage-queue';
import { requestLimitMs } from './connections.ts';
import { hasCode, toStorageError } from './storage-errors.ts';

export type SendQueue = {
  /** @throws AppError storage_busy or storage_forbidden when the queue did not clearly accept the message. */
  readonly send: (body: string) => Promise<void>;
  /**
   * Creates the queue where it is absent, if this identity may; a deployment that declares the queue gives no right to.
   * @throws AppError as `send`.
   */
  readonly prepare: () => Promise<void>;
};

/** Messages wait for their consumer for ever: the default of seven days would lose events of a long outage. */
const neverExpires = -1;

/**
 * @param encoding `base64` is what Functions consumers expect by default.
 * @param timeToLiveSeconds how long a message waits for its consumer.
 */
export function createSendQueue(
  client: QueueClient,
  encoding: 'base64' | 'text',
  timeToLiveSeconds = neverExpires,
): SendQueue {
  return { send, prepare };

  async function send(body: string): Promise<void> {
    const message = encoding === 'base64' ? Buffer.from(body, 'utf8').toString('base64') : body;
    try {
      await sendOnce(message);
    } catch (error) {
      if (!hasCode(error, 'QueueNotFound')) throw toStorageError(error);
      await create().catch(rethrow); // deleted in mid-run
      await sendOnce(message).catch(rethrow);
    }
  }

  // The client's own limit is a wish to the service; only a signal ends a request that is never answered.
  async function sendOnce(message: string): Promise<void> {
    await client.sendMessage(message, { messageTimeToLive: timeToLiveSeconds, abortSignal: limit() });
  }

  async function prepare(): Promise<void> {
    try {
      await create();
    } catch (error) {
      // The identity is known and lacks this right. Whether the queue is there to be used, the first send tells.
      if (!hasCode(error, 'AuthorizationPermissionMismatch')) throw toStorageError(error);
    }
  }

  async function create(): Promise<void> {
    await client.createIfNotExists({ abortSignal: limit() });
  }
}

function limit(): AbortSignal {
  return AbortSignal.timeout(requestLimitMs);
}

function rethrow(error: unknown): never {
  throw toStorageError(error);
}
