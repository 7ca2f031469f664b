// Command line of the counter of storage requests: a process of its own, so that neither who is measured nor who
// measures pays for it. Prints `ready <control address>`; GET there says where table and queue are, and the counts.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { type CountingProxy, startCountingProxy } from './counting-proxy.ts';

export type CounterState = {
  readonly tableUrl: string;
  readonly queueUrl: string;
  readonly table: ReturnType<CountingProxy['counts']>;
  readonly queue: ReturnType<CountingProxy['counts']>;
};

if (import.meta.main) {
  const { values } = parseArgs({ options: { table: { type: 'string' }, queue: { type: 'string' } } });
  const [table, queue] = await Promise.all([
    startCountingProxy(values.table ?? ''),
    startCountingProxy(values.queue ?? ''),
  ]);
  const control = createServer((_request, response) => {
    const state: CounterState = {
      tableUrl: table.url,
      queueUrl: queue.url,
      table: table.counts(),
      queue: queue.counts(),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(state));
  }).listen(0, '127.0.0.1');
  await once(control, 'listening');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
  process.stdout.write(`ready http://127.0.0.1:${(control.address() as AddressInfo).port}\n`);
}
