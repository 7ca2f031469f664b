// A storage queue to send to. One try: what was not clearly accepted stays in its outbox row and is sent again by a
// later sweep, with the same bytes; a hidden retry here would only make more copies.
import { type QueueClient, RestError } from '@azure/storage-queue';

export type SendQueue = {
  /** Rejects when the queue did not clearly accept the message. */
  readonly send: (body: string) => Promise<void>;
  /** Creates the queue where it is absent. */
  readonly prepare: () => Promise<void>;
};

/** Messages wait for their consumer for ever: the default of seven days would lose events of a long outage. */
const neverExpires = -1;

/** @param encoding `base64` is what Functions consumers expect by default. */
export function createSendQueue(client: QueueClient, encoding: 'base64' | 'text'): SendQueue {
  return { send, prepare };

  async function send(body: string): Promise<void> {
    const message = encoding === 'base64' ? Buffer.from(body, 'utf8').toString('base64') : body;
    try {
      await client.sendMessage(message, { messageTimeToLive: neverExpires });
    } catch (error) {
      if (!(error instanceof RestError && error.code === 'QueueNotFound')) throw error;
      await prepare(); // deleted in mid-run
      await client.sendMessage(message, { messageTimeToLive: neverExpires });
    }
  }

  async function prepare(): Promise<void> {
    await client.createIfNotExists();
  }
}
