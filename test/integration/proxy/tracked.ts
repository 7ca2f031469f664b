// Operations that Graph has and Opwatch tracks, and what became of them.
import type { OperationInput } from '../../../dev/simulator/operations.ts';
import type { Proxy } from './harness.ts';

type Given = Pick<OperationInput, 'kind' | 'parent' | 'id'>;

/** One that runs; requests so far are forgotten. */
export async function trackOperation(proxy: Proxy, given: Given) {
  const { control } = proxy.simulator;
  const status = given.kind === 'connectionOperation' ? 'inprogress' : 'running';
  const operation = control.addOperation({ ...given, script: [{ afterMs: 0, status }] });
  const key = await proxy.track(operation.path);
  control.zero();
  return { operation, key };
}

/** Paths and bodies of the changes that Graph saw. */
export function patchesSeen({ simulator }: Proxy) {
  const patches = simulator.control.requests().filter(({ method }) => method === 'PATCH');
  return patches.map(({ path, body }) => ({ path, body }));
}

/** Types of a key's events, and who saw them. */
export async function eventsOf(proxy: Proxy, key: string): Promise<readonly string[]> {
  const events = await proxy.takeEvents();
  return events
    .filter(({ data }) => data.key === key)
    .map(({ type, data }) => `${type} by ${data.observedBy}`);
}
