// Recordings of calls, made as a bot would make them: it asks Graph, and the platform notifies Opwatch of what becomes of
// them. One is told to the end, and nobody ever registers it; of the other the last word gets lost, and polling finds it.
import { type Demo, post } from './demo.ts';

const recorded = { code: 200, subcode: 8515, message: 'Recorded.' };
const script = [
  { afterMs: 0, status: 'running' },
  { afterMs: 3000, status: 'completed', resultInfo: recorded },
];

/** @returns how many were begun. */
export async function recordCalls(demo: Demo): Promise<number> {
  const { api, graph, list } = demo;
  await post(`${graph}/_control/births`, { kind: 'commsOperation', script });
  const told = await beginCall(demo);
  list.name(await record(demo, told), 'recording, told');
  const untold = await beginCall(demo);
  const where = { path: untold, changeType: 'deleted' };
  await post(`${graph}/_control/faults`, { fault: 'pushLoss', where });
  const resource = await record(demo, untold);
  await post(`${api}/api/operations`, { resource, label: 'recording, push lost' });
  return 2;
}

/** @returns the call's path. */
async function beginCall({ api, graph }: Demo): Promise<string> {
  const callbackUri = `${api}/api/notifications/calls`;
  const { id } = await post<{ id: string }>(`${graph}/v1.0/communications/calls`, { callbackUri });
  return `/communications/calls/${id}`;
}

/** @returns the operation's path. */
async function record({ graph }: Demo, call: string): Promise<string> {
  const { id } = await post<{ id: string }>(`${graph}/v1.0${call}/recordResponse`, {});
  return `${call}/operations/${id}`;
}
