// The demo: operations of every kind with every ending. Connection operations begin as a user's would, by a schema
// change through the proxy, and recordings by a bot's request; the others are born in the simulated Graph and registered.
import { post } from './post.ts';
import { recordCalls } from './recordings.ts';
import type { TransitionList } from './transition-list.ts';

type Demo = {
  readonly api: string;
  readonly graph: string;
  readonly list: TransitionList;
  readonly signal: AbortSignal;
};
type Step = {
  readonly afterMs: number;
  readonly status: string;
  readonly error?: object;
  readonly resultInfo?: object;
};
type Kind = 'connectionOperation' | 'commsOperation' | 'onenoteOperation';

type Story = {
  readonly name: string;
  readonly script: readonly Step[];
  readonly deadlineSeconds?: number;
  /** Switched on for this operation alone. */
  readonly fault?: object;
  /** Calls: no notification arrives. */
  readonly isUntold?: true;
  readonly isStopped?: true;
};

/** Words of each kind: what runs, what succeeds, what fails. */
const words: Readonly<Record<Kind, readonly [string, string, string]>> = {
  connectionOperation: ['inprogress', 'completed', 'failed'],
  commsOperation: ['running', 'completed', 'failed'],
  onenoteOperation: ['Running', 'Completed', 'Failed'],
};

function storiesOf(kind: Kind): readonly Story[] {
  const [running, completed, failed] = words[kind];
  const runs: Step = { afterMs: 0, status: running };
  const why = {
    error: { code: 'invalidSchema', message: 'A property has no name.' },
    resultInfo: { code: 500, subcode: 9999, message: 'The prompt could not be played.' },
  };
  return [
    { name: 'succeeds', script: [runs, { afterMs: 4000, status: completed }] },
    { name: 'fails', script: [runs, { afterMs: 5000, status: failed, ...why }] },
    {
      name: 'is throttled, succeeds',
      script: [runs, { afterMs: 6000, status: completed }],
      fault: { fault: 'throttle', retryAfter: 2.128, skip: 1, times: 1 },
      isUntold: true,
    },
    {
      name: 'says a new word',
      script: [runs, { afterMs: 3000, status: 'finalizing' }, { afterMs: 7000, status: completed }],
    },
    {
      name: 'is lost (410)',
      script: [runs],
      fault: { fault: 'status', status: 410, code: 'Gone', skip: 3 },
      isUntold: true,
    },
    { name: 'expires', script: [runs], deadlineSeconds: 6 },
    { name: 'is cancelled', script: [runs], isStopped: true },
  ];
}

/** Starts all stories and prints a summary when they have ended. */
export async function runDemo(demo: Demo): Promise<void> {
  const kinds: readonly Kind[] = ['connectionOperation', 'commsOperation', 'onenoteOperation'];
  let count = await recordCalls(demo);
  for (const kind of kinds) {
    for (const [index, story] of storiesOf(kind).entries()) {
      const key = await begin(demo, { kind, story, index });
      demo.list.name(key, story.name);
      if (story.isStopped) void stopLater(demo, key);
      count += 1;
    }
  }
  void summarise(demo, count);
}

async function summarise({ list, signal }: Demo, count: number): Promise<void> {
  await list.ended(count, signal);
  if (signal.aborted) return;
  console.log(
    `\n${list.summary()}\n\nAll ${count} operations of the demo have ended. Ctrl-C ends everything.`,
  );
}

async function begin(demo: Demo, one: { kind: Kind; story: Story; index: number }): Promise<string> {
  const { kind, story, index } = one;
  // A deadline of its own can be given at registration only, so that story is registered.
  if (kind === 'connectionOperation' && story.deadlineSeconds === undefined)
    return patchSchema(demo, story, `contoso${index}`);
  // It begins once it is registered: a notification that came before would begin its tracking without label and deadline.
  const { script, deadlineSeconds } = story;
  const born = { kind, script, startMs: null };
  const { path } = await post<{ path: string }>(`${demo.graph}/_control/operations`, born);
  await addFault(demo, story, path);
  if (story.isUntold) await addFault(demo, { fault: { fault: 'pushLoss' } }, path);
  const body = {
    resource: path,
    label: story.name,
    ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
  };
  const { key } = await post<{ key: string }>(`${demo.api}/api/operations`, body);
  await post(`${demo.graph}/_control/arm`, {});
  return key;
}

/** As a user would: change the schema, and the operation that this begins is watched already. */
async function patchSchema(demo: Demo, story: Story, connection: string): Promise<string> {
  await post(`${demo.graph}/_control/connections`, { id: connection });
  await post(`${demo.graph}/_control/births`, { kind: 'connectionOperation', script: story.script });
  await addFault(demo, story, `/external/connections/${connection}/operations`);
  const response = await fetch(`${demo.api}/api/graph/v1.0/external/connections/${connection}/schema`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      baseType: 'microsoft.graph.externalItem',
      properties: [{ name: 'title', type: 'String' }],
    }),
  });
  const watched = response.headers.get('opwatch-operation');
  if (watched === null)
    throw new Error(`The schema change was not watched: ${response.status} ${await response.text()}`);
  return watched.replace('/api/operations/', '');
}

async function addFault({ graph }: Demo, { fault }: Pick<Story, 'fault'>, path: string): Promise<void> {
  if (fault !== undefined) await post(`${graph}/_control/faults`, { ...fault, where: { path } });
}

async function stopLater({ api, signal }: Demo, key: string): Promise<void> {
  // Held by the server until the operation ends or the time is over: a wait without a timer of ours.
  await fetch(`${api}/api/operations/${key}?wait=3`, { signal }).catch(() => undefined); // Ctrl-C
  if (!signal.aborted)
    await fetch(`${api}/api/operations/${key}`, { method: 'DELETE', signal }).catch(() => undefined);
}
