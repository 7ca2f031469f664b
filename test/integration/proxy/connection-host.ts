// The built app in its host before a Graph that has one connection.
import { expect } from 'vitest';
import { type Simulator, startSimulator } from '../../../dev/simulator/server.ts';
import { type ProxyHost, startProxyHost, staticToken } from './host-harness.ts';

export const graph = '/api/graph/v1.0';
export const connection = `${graph}/external/connections/contosohr`;
export const change = '{"name":"People"}';

export type ConnectionHost = {
  readonly simulator: Simulator;
  readonly host: ProxyHost;
  /** Graph as it was at first. */
  readonly reset: () => void;
  /** Requests that Graph heard since then. */
  readonly seen: () => readonly string[];
  /** Graph heard nothing, and the service goes on. */
  readonly expectUnharmed: () => Promise<void>;
  /** The host ends in order, and has told nobody its token. */
  readonly stop: () => Promise<void>;
};

export async function startConnectionHost(): Promise<ConnectionHost> {
  const simulator = await startSimulator();
  const host = await startProxyHost(simulator.url);
  return { simulator, host, reset, seen, expectUnharmed, stop };

  function reset(): void {
    simulator.control.reset();
    simulator.control.addConnection({ id: 'contosohr' });
  }

  function seen(): readonly string[] {
    return simulator.control.requests().map(({ method, path }) => `${method} ${decodeURIComponent(path)}`);
  }

  async function expectUnharmed(): Promise<void> {
    expect(seen()).toEqual([]);
    expect(await host.send('PATCH', connection, { body: change })).toMatchObject({ status: 204 });
  }

  async function stop(): Promise<void> {
    expect(await host.process.stop()).toBe(0);
    await simulator.stop();
    expect(host.lines.join('\n')).not.toContain(staticToken);
  }
}
