// Switches of PATCH, Location and ETags.
import { expect } from 'vitest';
import { patchStatus, type SwitchCase } from './switch-case.ts';

const patchSchema = {
  method: 'PATCH',
  body: { baseType: 'microsoft.graph.externalItem', properties: [{ name: 'title', type: 'String' }] },
} as const;

export const writeCases: readonly SwitchCase[] = [
  ...([200, 204, 400, 403, 404, 405, 501] as const).map(
    (status): SwitchCase => ({
      name: `PATCH of an operation answered ${status}`,
      fault: { fault: 'patchOperation', status },
      see: patches(status),
    }),
  ),
  {
    name: 'PATCH of a connection answered 200',
    fault: { fault: 'patchConnection', status: 200 },
    see: async (bench) => {
      bench.simulator.control.addConnection({ id: 'contosohr' });
      const answer = await bench.send('/v1.0/connections/contosohr', {
        method: 'PATCH',
        body: { name: 'HR' },
      });
      expect(answer).toMatchObject({ status: 200, json: { id: 'contosohr', name: 'HR' } });
    },
  },
  {
    name: 'Prefer honoured on a connection',
    fault: { fault: 'honourPrefer' },
    see: async (bench) => {
      bench.simulator.control.addConnection({ id: 'contosohr' });
      const headers = { Prefer: 'return=representation' };
      const answer = await bench.send('/v1.0/connections/contosohr', {
        method: 'PATCH',
        body: { name: 'HR' },
        headers,
      });
      expect(answer).toMatchObject({ status: 200, json: { name: 'HR' } });
      expect(answer.headers.get('preference-applied')).toBe('return=representation');
    },
  },
  {
    name: 'an absolute Location',
    fault: { fault: 'location', form: 'absolute' },
    see: locates(/^http:\/\/127[^']+\/v1\.0\/external\/connections\/contosohr\/operations\/1\.neu\./),
  },
  {
    name: 'a relative Location',
    fault: { fault: 'location', form: 'relative' },
    see: locates(/^\/v1\.0\/external/),
  },
  {
    name: 'a Location without version',
    fault: { fault: 'location', form: 'resourceUrl' },
    see: locates(/^\/external/),
  },
  {
    name: 'a parenthesised Location',
    fault: { fault: 'location', form: 'parenthesised' },
    see: locates(/\/connections\('contosohr'\)\/operations\('1\.neu\.[0-9a-f]+'\)$/),
  },
  { name: 'no Location', fault: { fault: 'location', form: 'missing' }, see: locates(null) },
  {
    name: 'a Location elsewhere',
    fault: { fault: 'location', form: 'foreign' },
    see: locates(/^https:\/\/graph\.example\.test\/v1\.0/),
  },
  {
    name: 'Operation-Location',
    fault: { fault: 'location', header: 'Operation-Location' },
    see: locates(/^http/, 'operation-location'),
  },
  {
    name: 'ETags and If-Match',
    fault: { fault: 'etags' },
    see: async (bench) => {
      const { path } = bench.anOperation();
      const etag = (await bench.send(`/v1.0${path}`)).headers.get('etag') ?? '';
      const first = await bench.send(`/v1.0${path}`, { ...patchStatus, headers: { 'If-Match': etag } });
      const second = await bench.send(`/v1.0${path}`, { ...patchStatus, headers: { 'If-Match': etag } });
      expect([etag.slice(0, 3), first.status, second.status]).toEqual(['W/"', 200, 412]);
    },
  },
];

function locates(pattern: RegExp | null, header = 'location'): SwitchCase['see'] {
  return async (bench) => {
    bench.simulator.control.addConnection({ id: 'contosohr' });
    const answer = await bench.send('/v1.0/external/connections/contosohr/schema', patchSchema);
    expect(answer.status).toBe(202);
    const value = answer.headers.get(header);
    expect(value).toEqual(pattern === null ? null : expect.stringMatching(pattern));
  };
}

function patches(status: number): SwitchCase['see'] {
  return async (bench) => {
    const { path } = bench.anOperation();
    const answer = await bench.send(`/v1.0${path}`, patchStatus);
    const readBack = await bench.send(`/v1.0${path}`);
    expect(answer.status).toBe(status);
    expect(readBack.json).toMatchObject({ status: status < 300 ? 'completed' : 'inprogress' });
  };
}
