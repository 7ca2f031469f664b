// Recordings of calls, made as a bot would make them: it asks Graph, and the platform notifies Opwatch of what becomes of
// them. One is told to the end, and nobody ever registers it; of the other the last word gets lost, and polling finds it.
import { post } from './post.ts';
import type { TransitionList } from './transition-list.ts';

type Bot = { readonly api: string; readonly graph: string; readonly list: Pick<TransitionList, 'name'> };

const recorded = { code: 200, subcode: 8515, message: 'Recorded.' };
const script = [
  { afterMs: 0, status: 'running' },
  { afterMs: 3000, status: 'completed', resultInfo: recorded },
];

/** @returns how many were begun. */
export async function recordCalls(bot: Bot): Promise<number> {
  const { api, graph, list } = bot;
  await post(`${graph}/_control/births`, { kind: 'commsOperation', script });
  const told = await beginCall(bot);
  list.name(await record(bot, told), 'recording, told');
  const untold = await beginCall(bot);
  const where = { path: untold, changeType: 'deleted' };
  await post(`${graph}/_control/faults`, { fault: 'pushLoss', where });
  const resource = await record(bot, untold);
  list.name(resource, 'recording, push lost');
  // As a bot does that does not rely on the platform alone; whether its word or a notification came first, one is watched.
  await post(`${api}/api/operations`, { resource });
  return 2;
}

/** @returns the call's path. */
async function beginCall({ api, graph }: Bot): Promise<string> {
  const callbackUri = `${api}/api/notifications/calls`;
  const { id } = await post<{ id: string }>(`${graph}/v1.0/communications/calls`, { callbackUri });
  return `/communications/calls/${id}`;
}

/** @returns the operation's path. */
async function record({ graph }: Bot, call: string): Promise<string> {
  const { id } = await post<{ id: string }>(`${graph}/v1.0${call}/recordResponse`, {});
  return `${call}/operations/${id}`;
}
