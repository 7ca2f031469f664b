// A peer as a process of its own: the bench's end of the wire. The other end is peer-process.ts.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Contestant, Running, SeenEvent, Task } from './contestant.ts';

/** One way of watching, inside its process. */
export type Peer = {
  /** Resolves once every operation is watched. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type PeerName = Exclude<Contestant['name'], 'opwatch'>;
export type ToPeer = { readonly name: PeerName; readonly task: Task };

const stopLimitMs = 10_000;

/** @throws Error when the process ends before it watches. */
export async function startPeer(name: PeerName, task: Task): Promise<Running> {
  const child = fork(new URL('peer-process.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit');
  const watching = once(child, 'message');
  child.send({ name, task } satisfies ToPeer);
  const isWatching = await Promise.race([watching.then(() => true), gone.then(() => false)]);
  if (!isWatching) throw new Error(`${name} ended before it watched anything`);
  return { pids: [child.pid ?? 0], stop: () => stopPeer(child, gone) };
}

/** What peers send for a change. */
export function peerMessage(path: string, status: unknown): string {
  return Buffer.from(JSON.stringify({ path, status }), 'utf8').toString('base64');
}

export function readPeerEvent(text: string): SeenEvent {
  const { path, status } = JSON.parse(text) as { readonly path: string; readonly status: unknown };
  return { path, status, id: null, sequence: null };
}

async function stopPeer(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  // It ends when the wire is cut.
  if (child.connected) child.disconnect();
  const killer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
  await gone;
  clearTimeout(killer);
}
