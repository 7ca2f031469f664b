// Switches of where receivers find the keys.
import { expect } from 'vitest';
import type { Bench } from './harness.ts';
import { patiently, type SwitchCase } from './switch-case.ts';

export const keysPath = '/v1.0/.well-known/keys';
export const documentPath = '/v1.0/.well-known/OpenIdConfiguration';

const read = (bench: Bench) => bench.send(keysPath);

export const keyCases: readonly SwitchCase[] = [
  {
    name: 'keys that can not be had',
    fault: { fault: 'keyServer', status: 500 },
    see: async (bench) => expect(await read(bench)).toMatchObject({ status: 500, json: {} }),
  },
  {
    name: 'keys that fail while their document is there',
    fault: { fault: 'keyServer', where: { path: '/keys' } },
    see: async (bench) =>
      expect([(await read(bench)).status, (await bench.send(documentPath)).status]).toEqual([503, 200]),
  },
  {
    name: 'keys that never come',
    fault: { fault: 'keyServer', form: 'hang', times: 1 },
    see: async (bench) => {
      const { url, control } = bench.simulator;
      const asking = new AbortController();
      const asked = fetch(`${url}${keysPath}`, { signal: asking.signal }).catch(() => 'given up');
      await expect.poll(() => control.stats().keyFetches.keys, patiently).toBe(1);
      // Who asks again, over another connection, gets them; the first goes on waiting.
      expect((await read(bench)).json).toMatchObject({ keys: [{ kty: 'RSA' }] });
      asking.abort();
      expect(await asked).toBe('given up');
    },
  },
  {
    name: 'keys that come late',
    fault: { fault: 'keyServer', form: 'slow', ms: 60 },
    see: async (bench) => {
      const startedMs = performance.now();
      expect((await read(bench)).json).toMatchObject({ keys: [{ use: 'sig' }] });
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(50);
    },
  },
  {
    name: 'a connection cut while asking for keys',
    fault: { fault: 'keyServer', form: 'reset' },
    see: async (bench) => {
      await expect(read(bench)).rejects.toThrow();
    },
  },
  {
    name: 'keys that moved',
    fault: { fault: 'keyServer', form: 'redirect' },
    see: async (bench) => expect((await read(bench)).status).toBe(302),
  },
  {
    name: 'a page in place of keys',
    fault: { fault: 'keyServer', form: 'html' },
    see: async (bench) => expect((await read(bench)).text).toMatch(/^<!DOCTYPE/),
  },
  {
    name: 'no keys in the set',
    fault: { fault: 'keyServer', form: 'empty' },
    see: async (bench) => expect((await read(bench)).json).toEqual({ keys: [] }),
  },
];
