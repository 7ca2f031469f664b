// What happened in a run of real processes, as the history that the checker judges: what was true in Graph, what callers
// were told, what came out of the queue, and what the table holds at the end. Commits are not seen, so they are no part
// of it.
import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import type { Simulator } from '../../../dev/simulator/server.ts';
import { type GraphHome, parseResource } from '../../../src/domain/resources.ts';
import type { History, HistoryEvent } from '../../checker/history.ts';
import { tenant } from '../../fixtures/issuer.ts';
import { takeMessages } from '../../fixtures/queue-reader.ts';
import type { HistoryEventBody } from '../../simulation/world.ts';

export type StoredRow = {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly body?: string;
  readonly value?: string;
};

export type Witness = {
  readonly keyOf: (path: string) => string;
  /** Adds to the history what somebody did just now. */
  readonly note: (event: HistoryEventBody) => void;
  /** Takes what is on the queue; @returns how many messages. */
  readonly receive: () => Promise<number>;
  /**
   * Takes and deletes one page, as a consumer would; what storage hands out again is no copy of ours. Rejects while
   * storage is away.
   */
  readonly consume: () => Promise<number>;
  /** Texts of the first messages that wait on the queue. */
  readonly waiting: () => Promise<readonly string[]>;
  /** All of the table. */
  readonly rows: () => Promise<readonly StoredRow[]>;
  readonly history: () => Promise<History>;
};

/** Storage is looked at directly, past whatever stands between it and the processes. */
export function openWitness(at: {
  readonly storage: string;
  readonly table: string;
  readonly queue: string;
  readonly simulator: Simulator;
  readonly nowMs?: () => number;
}): Witness {
  const table = TableClient.fromConnectionString(at.storage, at.table, { allowInsecureConnection: true });
  const queue = new QueueClient(at.storage, at.queue);
  const home: GraphHome = { cloud: 'custom', root: at.simulator.url, tenantId: tenant };
  const events: HistoryEvent[] = [];
  const { nowMs = Date.now } = at;
  /** Message ids that were seen. */
  const consumed = new Set<string>();
  return { keyOf, note, receive, consume, waiting, rows, history };

  function keyOf(path: string): string {
    const named = parseResource(path, home);
    if (named === null) throw new Error(`No operation has the path ${path}`);
    return named.key;
  }

  function note(event: HistoryEventBody): void {
    events.push({ atMs: nowMs(), ...event });
  }

  async function receive(): Promise<number> {
    const texts = await takeMessages(queue);
    for (const body of texts) note({ by: 'consumer', type: 'received', body });
    return texts.length;
  }

  async function consume(): Promise<number> {
    const { receivedMessageItems: page } = await queue.receiveMessages({ numberOfMessages: 32 });
    for (const { messageId, messageText } of page) {
      if (consumed.has(messageId)) continue;
      consumed.add(messageId);
      note({ by: 'consumer', type: 'received', body: Buffer.from(messageText, 'base64').toString('utf8') });
    }
    await Promise.all(page.map(({ messageId, popReceipt }) => queue.deleteMessage(messageId, popReceipt)));
    return page.length;
  }

  async function waiting(): Promise<readonly string[]> {
    const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
    return peekedMessageItems.map(({ messageText }) => Buffer.from(messageText, 'base64').toString('utf8'));
  }

  async function rows(): Promise<readonly StoredRow[]> {
    const found: StoredRow[] = [];
    const select = ['partitionKey', 'rowKey', 'body', 'value'];
    const pages = table.listEntities<StoredRow>({ queryOptions: { select } }).byPage();
    for await (const page of pages) found.push(...page);
    return found;
  }

  async function history(): Promise<History> {
    const kept = Map.groupBy(
      (await rows()).filter(({ rowKey }) => rowKey.startsWith('event!')),
      ({ rowKey }) => rowKey.split('!')[1] ?? '',
    );
    for (const [key, own] of kept)
      note({ by: 'table', type: 'kept', key, bodies: own.map(({ body = '' }) => body) });
    return [...truth(), ...events].toSorted((one, other) => one.atMs - other.atMs);
  }

  function truth(): readonly HistoryEvent[] {
    return at.simulator.control.truth().flatMap(({ path, changes, deletedAtMs }) => {
      const about = { by: 'graph', type: 'truth', key: keyOf(path) } as const;
      const words = changes.map(({ status, atMs }) => ({
        ...about,
        atMs,
        word: typeof status === 'string' ? status : null,
        gone: null,
      }));
      return deletedAtMs === null || deletedAtMs === undefined
        ? words
        : [...words, { ...about, atMs: deletedAtMs, word: null, gone: 404 as const }];
    });
  }
}
