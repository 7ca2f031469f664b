// Every switch, by at least one row over real HTTP, and the rules that turn them on.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type FaultInput, switches } from '../../../dev/simulator/faults.ts';
import { errorCases } from './error-cases.ts';
import { exchangeCases } from './exchange-cases.ts';
import { useSimulator } from './harness.ts';
import { keyCases } from './key-cases.ts';
import { operationCases } from './operation-cases.ts';
import { pushCases } from './push-cases.ts';
import { pushFormCases } from './push-form-cases.ts';
import { writeCases } from './write-cases.ts';

const bench = useSimulator();
const cases = [
  ...exchangeCases,
  ...operationCases,
  ...writeCases,
  ...errorCases,
  ...pushCases,
  ...pushFormCases,
  ...keyCases,
];

describe('switches', () => {
  test.each(cases.map((row) => [row.fault.fault, row.name, row] as const))(
    '%s shows %s',
    async (_switch, _name, row) => {
      bench.simulator.control.addFault(row.fault);
      await row.see(bench);
    },
  );

  test('every switch has a row and a line in the documentation', () => {
    const names = Object.keys(switches).toSorted();
    const documented = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');
    expect([...new Set(cases.map((row) => row.fault.fault))].toSorted()).toEqual(names);
    expect(names.filter((name) => !documented.includes(`| \`${name}\``))).toEqual([]);
  });
});

describe('rules', () => {
  const statusesOf = async (count: number) => {
    const { path } = bench.anOperation();
    const statuses: number[] = [];
    for (let asked = 0; asked < count; asked++) {
      statuses.push((await bench.send(`/v1.0${path}`)).status);
    }
    return statuses;
  };

  test('times and skip choose which requests are hit', async () => {
    bench.simulator.control.addFault({ fault: 'status', status: 500, skip: 1, times: 2 });
    expect(await statusesOf(5)).toEqual([200, 500, 500, 200, 200]);
  });

  test('probability hits some and not all', async () => {
    bench.simulator.control.addFault({ fault: 'status', status: 500, probability: 0.5 });
    expect(new Set(await statusesOf(20))).toEqual(new Set([200, 500]));
  });

  test.each([
    ['kind', { kind: 'onenoteOperation' }, 200],
    ['kind that matches', { kind: 'connectionOperation' }, 500],
    ['path', { path: '/nowhere/' }, 200],
    ['tenant', { tenant: 'other' }, 200],
    ['tenant that matches', { tenant: 'contoso' }, 500],
    ['method', { method: 'PATCH' }, 200],
    ['single requests', { batched: false }, 500],
    ['batches', { batched: true }, 200],
  ] as const)('where chooses by %s', async (_name, where, status) => {
    bench.simulator.control.addFault({ fault: 'status', status: 500, where });
    const claims = Buffer.from(JSON.stringify({ tid: 'contoso' })).toString('base64url');
    const headers = { Authorization: `Bearer e30.${claims}.x` };
    expect((await bench.send(`/v1.0${bench.anOperation().path}`, { headers })).status).toBe(status);
  });

  test('a removed rule is over and the others stay', async () => {
    const { control } = bench.simulator;
    const id = control.addFault({ fault: 'status', status: 500 });
    control.addFault({ fault: 'otherId', id: 'else' });
    expect(control.removeFault(id)).toBe(true);
    expect((await bench.send(`/v1.0${bench.anOperation().path}`)).json).toMatchObject({ id: 'else' });
    expect(control.faults()).toMatchObject([{ fault: 'otherId', fired: 1 }]);
  });

  test.each([
    ['an unknown switch', { fault: 'gremlins' }],
    ['an unknown parameter', { fault: 'hang', forMs: 5 }],
    ['a wrong value', { fault: 'status', status: 'many' }],
    ['an unknown scope', { fault: 'hang', where: { moon: 'full' } }],
  ])('refuses %s', (_name, input) => {
    expect(() => bench.simulator.control.addFault(input as FaultInput)).toThrow();
  });
});
