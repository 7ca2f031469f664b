// Kill and restart: the host of the built app is killed at random moments while 200 operations move, and what a
// consumer received is compared with what really happened in Graph. Storage and Graph live on; only the host dies.
import { setTimeout as delay } from 'node:timers/promises';
import { QueueClient } from '@azure/storage-queue';
import { startAzurite } from '../../dev/azurite.ts';
import { type ReadyProcess, startReady } from '../../dev/processes.ts';
import { createRandom } from '../../dev/simulator/random.ts';
import { startSimulator } from '../../dev/simulator/server.ts';
import { demoSettings } from '../../dev/start/settings.ts';

export type Received = { readonly id: string; readonly text: string };

export type KillReport = {
  readonly kills: number;
  readonly operations: number;
  /** Messages beyond the first of their id. */
  readonly copies: number;
  readonly mutatedCopies: readonly string[];
  /** Keys whose end was never received. */
  readonly lost: readonly string[];
  /** Words that were never true, ends received twice, gaps in a sequence, broken chains. */
  readonly wrong: readonly string[];
};

type Event = {
  readonly id: string;
  readonly data: {
    readonly key: string;
    readonly sequence: number;
    readonly terminal: boolean;
    readonly previous: { readonly state: string; readonly status: string | null } | null;
    readonly current: { readonly state: string; readonly status: string | null };
    readonly resource: { readonly path: string };
  };
};

const kinds = ['connectionOperation', 'commsOperation', 'onenoteOperation'] as const;
const timers = ['pollConnectionOperations', 'pollCommsOperations', 'pollOnenoteOperations'];
const words = {
  connectionOperation: ['inprogress', 'completed', 'failed'],
  commsOperation: ['running', 'completed', 'failed'],
  onenoteOperation: ['Running', 'Completed', 'Failed'],
} as const;

/** @param options.seed decides the moments of death and the lives of the operations. */
export async function runKillScenario(options: {
  readonly seed: number;
  readonly operations: number;
  readonly kills: number;
}): Promise<KillReport> {
  const random = createRandom(options.seed);
  const azurite = await startAzurite();
  const simulator = await startSimulator();
  const env = { ...demoSettings({ storage: azurite.connectionString, graph: simulator.url }) };
  const start = (): Promise<ReadyProcess> => startReady('dev/host/main.ts', { args: ['--port', '0'], env });
  let host = await start();
  try {
    const lifeMs = options.kills * 2500;
    await trackAll(
      host.url,
      Array.from({ length: options.operations }, (_, index) => addOperation(index)),
    );
    for (let kill = 0; kill < options.kills; kill += 1) {
      const sweeping = keepSweeping(host.url);
      await delay(300 + random() * 1500); // the moment of death is the point of this test, not a wait
      await host.kill();
      await sweeping;
      host = await start();
    }
    const received = await drain(host.url, azurite.connectionString, options.operations);
    return judge(received, { kills: options.kills, truth: simulator.control.truth() });

    function addOperation(index: number): string {
      const kind = kinds[index % kinds.length] ?? 'connectionOperation';
      const [running, completed, failed] = words[kind];
      const script = [
        { afterMs: 0, status: running },
        { afterMs: Math.round(500 + random() * lifeMs), status: random() < 0.5 ? completed : failed },
      ];
      return simulator.control.addOperation({ kind, script }).path;
    }
  } finally {
    await host.stop();
    await simulator.stop();
    await azurite.stop();
  }
}

async function trackAll(url: string, paths: readonly string[]): Promise<void> {
  for (let start = 0; start < paths.length; start += 100) {
    const operations = paths.slice(start, start + 100).map((resource) => ({ resource }));
    const response = await fetch(`${url}/api/operations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ operations }),
    });
    if (response.status !== 200) throw new Error(`Tracking failed: ${response.status}`);
  }
}

/** Runs the timers' functions again and again until the host is gone. */
async function keepSweeping(url: string): Promise<void> {
  try {
    for (;;) {
      for (const name of timers)
        await fetch(`${url}/admin/functions/${name}`, { method: 'POST', body: '{"input":""}' });
      await delay(100);
    }
  } catch {
    // The host is dead: that is what ends this.
  }
}

/** Receives until every operation has ended and the queue stays empty. */
async function drain(
  url: string,
  connectionString: string,
  operations: number,
): Promise<readonly Received[]> {
  const queue = new QueueClient(connectionString, 'opwatch-transitions');
  const received: Received[] = [];
  const ended = new Set<string>();
  const untilMs = performance.now() + 45_000;
  for (let emptyRounds = 0; emptyRounds < 5 && performance.now() < untilMs; ) {
    for (const name of timers)
      await fetch(`${url}/admin/functions/${name}`, { method: 'POST', body: '{"input":""}' });
    const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
    for (const message of receivedMessageItems) {
      const text = Buffer.from(message.messageText, 'base64').toString('utf8');
      const event = JSON.parse(text) as Event;
      received.push({ id: event.id, text });
      if (event.data.terminal) ended.add(event.data.key);
      await queue.deleteMessage(message.messageId, message.popReceipt);
    }
    if (receivedMessageItems.length === 0) await delay(200);
    emptyRounds = receivedMessageItems.length === 0 && ended.size === operations ? emptyRounds + 1 : 0;
  }
  return received;
}

type Truth = readonly { readonly path: string; readonly changes: readonly { readonly status: unknown }[] }[];

function judge(
  received: readonly Received[],
  facts: { readonly kills: number; readonly truth: Truth },
): KillReport {
  const texts = new Map<string, string>();
  const mutatedCopies = new Set<string>();
  for (const { id, text } of received) {
    const first = texts.get(id);
    if (first === undefined) texts.set(id, text);
    else if (first !== text) mutatedCopies.add(id);
  }
  const events = [...texts.values()].map((text) => JSON.parse(text) as Event);
  const byPath = Map.groupBy(events, (event) => event.data.resource.path);
  const lost: string[] = [];
  const wrong: string[] = [];
  for (const { path, changes } of facts.truth) {
    const own = (byPath.get(path) ?? []).toSorted((one, other) => one.data.sequence - other.data.sequence);
    if (!own.some(({ data }) => data.terminal)) lost.push(path);
    wrong.push(
      ...problemsOf(
        own,
        changes.map(({ status }) => String(status)),
        path,
      ),
    );
    byPath.delete(path);
  }
  for (const path of byPath.keys()) wrong.push(`${path}: nobody tracked it`);
  return {
    kills: facts.kills,
    operations: facts.truth.length,
    copies: received.length - texts.size,
    mutatedCopies: [...mutatedCopies],
    lost,
    wrong,
  };
}

function problemsOf(events: readonly Event[], truth: readonly string[], path: string): readonly string[] {
  const problems: string[] = [];
  let place = 0;
  for (const [index, { data }] of events.entries()) {
    if (data.sequence !== index + 1)
      problems.push(`${path}: sequence ${data.sequence} where ${index + 1} belongs`);
    const before = events[index - 1]?.data.current;
    const isChained = data.previous?.state === before?.state && data.previous?.status === before?.status;
    if (!isChained) problems.push(`${path}: event ${data.sequence} does not follow the one before`);
    place = truth.indexOf(String(data.current.status), place);
    if (place < 0) problems.push(`${path}: "${data.current.status}" was not true then`);
    if (data.terminal !== (index === events.length - 1))
      problems.push(`${path}: event ${data.sequence} is in the wrong place of the end`);
  }
  return problems;
}
