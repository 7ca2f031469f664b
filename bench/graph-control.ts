// The bench's hands on the simulated Graph: fills it, starts its operations, limits it, and asks what really happened.

import type { FaultInput } from '../dev/simulator/faults.ts';
import type { LoadInput } from '../dev/simulator/load.ts';
import type { Truth } from '../dev/simulator/operations.ts';
import type { StatsView } from '../dev/simulator/stats.ts';
import type { QuotaInput } from '../dev/simulator/throttle.ts';

export type GraphControl = ReturnType<typeof createGraphControl>;

export function createGraphControl(url: string) {
  return {
    reset: () => post('reset', {}),
    load: (input: LoadInput) => post('load', input),
    arm: () => post('arm', {}),
    setQuota: (input: QuotaInput) => post('quotas', input),
    addFault: (input: FaultInput) => post('faults', input),
    stats: () => get<StatsView>('stats'),
    paths: async () =>
      (await get<{ readonly value: readonly { readonly path: string }[] }>('ids')).value.map(
        ({ path }) => path,
      ),
    truth: async () => (await get<{ readonly value: readonly Truth[] }>('truth')).value,
  };

  async function get<T>(name: string): Promise<T> {
    return (await call(name)) as T;
  }

  async function post(name: string, body: unknown): Promise<void> {
    await call(name, { method: 'POST', body: JSON.stringify(body) });
  }

  async function call(name: string, init?: RequestInit): Promise<unknown> {
    const response = await fetch(`${url}/_control/${name}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }
}
