// A storage queue to send to. One try: what was not clearly accepted stays in its outbox row and is sent again by a
// later sweep, with the same bytes; a hidden retry here would only make more copies.
import { requestLimitMs } from './connections.ts';
import { type StorageService, sendRequest } from './send-request.ts';
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

export type SendQueueOptions = {
  readonly name: string;
  /** `base64` is what Functions consumers expect by default. */
  readonly encoding: 'base64' | 'text';
  /** How long a message waits for its consumer; absent: for ever, for the service's seven days would lose events of a long outage. */
  readonly timeToLiveSeconds?: number;
};

const neverExpires = -1;
const headers = { 'content-type': 'application/xml', 'x-ms-version': '2021-12-02' } as const;
const limitMs = requestLimitMs;

export function createSendQueue(
  account: StorageService,
  { name, encoding, timeToLiveSeconds = neverExpires }: SendQueueOptions,
): SendQueue {
  return { send, prepare };

  async function send(body: string): Promise<void> {
    const text = encoding === 'base64' ? Buffer.from(body, 'utf8').toString('base64') : xmlText(body);
    const message = `<QueueMessage><MessageText>${text}</MessageText></QueueMessage>`;
    try {
      await sendOnce(message);
    } catch (error) {
      if (!hasCode(error, 'QueueNotFound')) throw toStorageError(error);
      await create().catch(rethrow); // deleted in mid-run
      await sendOnce(message).catch(rethrow);
    }
  }

  async function sendOnce(body: string): Promise<void> {
    const parameters = { messagettl: String(timeToLiveSeconds) };
    await sendRequest(account, {
      method: 'POST',
      path: `${name}/messages`,
      parameters,
      headers,
      body,
      limitMs,
    });
  }

  async function prepare(): Promise<void> {
    try {
      await create();
    } catch (error) {
      // The identity is known and lacks this right. Whether the queue is there to be used, the first send tells.
      if (!hasCode(error, 'AuthorizationPermissionMismatch')) throw toStorageError(error);
    }
  }

  /** Of a queue that is there the service says no more than that. */
  async function create(): Promise<void> {
    try {
      await sendRequest(account, { method: 'PUT', path: name, headers, limitMs });
    } catch (error) {
      if (!hasCode(error, 'QueueAlreadyExists')) throw error;
    }
  }
}

/** Control characters that XML can't hold are in no JSON either. */
function xmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#xD;');
}

function rethrow(error: unknown): never {
  throw toStorageError(error);
}
