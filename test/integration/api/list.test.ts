// GET /api/operations: filters, pages, and what is refused. What is listed is made once for the whole file.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, startApi } from './harness.ts';

const label = `o'brien " & "x" ä…🦊`;
/** As long and as hard to encode as a label can be. */
const longLabel = '漢'.repeat(128);
const user = 'users/o#brien$+~^!@contoso.example';

let api: Api;
const keys: Record<string, string[]> = {};
beforeAll(async () => {
  api = await startApi({ env: { OPWATCH_SHARDS: '3' } });
  for (const [name, kind, parent, more, count] of [
    ['hr', 'connectionOperation', 'contosohr', {}, 7],
    ['it', 'connectionOperation', 'contosoit', { label }, 5],
    ['calls', 'commsOperation', undefined, { label: longLabel }, 4],
    ['notes', 'onenoteOperation', `/${user}`, { label: longLabel }, 3],
  ] as const) {
    const operations = Array.from({ length: count }, () => ({
      resource: api.addOperation(kind, parent),
      ...more,
    }));
    const { json } = await api.post({ operations });
    keys[name] = (json['results'] as { operation: { key: string } }[]).map(({ operation }) => operation.key);
  }
  for (const key of ofAll('hr').slice(0, 4)) await api.send('DELETE', `/api/operations/${key}`);
  for (const path of api.simulator.control
    .ids()
    .slice(5, 7)
    .map((one) => one.path))
    api.simulator.control.setStatus({ path, status: 'completed' });
  for (const key of ofAll('hr').slice(4)) await api.send('POST', `/api/operations/${key}/poll`);
});
afterAll(() => api.stop());

const ofAll = (...names: readonly string[]): readonly string[] => names.flatMap((name) => keys[name] ?? []);

type Item = { readonly key: string; readonly state: string };

/** All pages, each with no more than `top`. */
async function walk(query: Readonly<Record<string, string>>): Promise<readonly (readonly Item[])[]> {
  const pages: (readonly Item[])[] = [];
  let next: unknown = `/api/operations?${new URLSearchParams(query).toString()}`;
  while (typeof next === 'string') {
    const { status, json } = await api.get(next);
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(json['nextLink'] === undefined ? ['value'] : ['value', 'nextLink']);
    const page = json['value'] as readonly Item[];
    expect(page.length).toBeLessThanOrEqual(Number(query['top'] ?? 50));
    pages.push(page);
    next = json['nextLink'];
  }
  return pages;
}

describe('a list', () => {
  test.each<[string, Record<string, string>, (readonly string[])[]]>([
    ['of everything', {}, [['hr', 'it', 'calls', 'notes']]],
    ['of one kind', { kind: 'connectionOperation' }, [['hr', 'it']]],
    ['of another kind', { kind: 'onenoteOperation' }, [['notes']]],
    ['of one parent', { parentId: 'contosohr' }, [['hr']]],
    ['of a parent that is hard to write', { parentId: user.slice(6) }, [['notes']]],
    ['of one label', { label }, [['it']]],
    ['of kind, label and state', { kind: 'commsOperation', label: longLabel, state: 'pending' }, [['calls']]],
    ['of one label, page by page', { label, top: '1' }, [['it']]],
    ['of nobody', { parentId: 'nobody', state: 'running' }, [[]]],
    ['of a parent in another case', { parentId: 'ContosoHR' }, [[]]],
  ])('%s has all of them, once', async (_what, query, [names = []]) => {
    for (const top of ['100', '3']) {
      const seen = (await walk({ top, ...query })).flat().map(({ key }) => key);
      expect(seen.toSorted()).toEqual(ofAll(...names).toSorted());
    }
  });

  test.each([
    ['cancelled', 4],
    ['succeeded', 2],
    ['running', 1],
    ['pending', 12],
    ['running,succeeded', 3],
    ['failed,lost,expired', 0],
    ['cancelled,cancelled', 4],
  ])('of the states %s has those only', async (state, count) => {
    const seen = (await walk({ state, top: '2' })).flat();
    expect(seen.map(({ key }) => key)).toHaveLength(count);
    expect(seen.filter((one) => !state.split(',').includes(one.state))).toEqual([]);
  });

  test('has fifty on a page unless it is asked for others, and links to the rest without the key of the caller', async () => {
    const operations = Array.from({ length: 51 }, () => ({
      resource: api.addOperation('commsOperation'),
      label: 'fifty',
    }));
    await api.post({ operations });
    const first = await api.get('/api/operations?label=fifty&code=secret');
    expect(first.json['value']).toHaveLength(50);
    expect(first.json['nextLink']).toMatch(/^\/api\/operations\?label=fifty&continuation=[\w.-]+$/);
    const second = await api.get(String(first.json['nextLink']));
    expect(second.json['value']).toHaveLength(1);
  });

  test('shows the same operation as its own route', async () => {
    const [listed] = (await walk({ label })).flat();
    const { json } = await api.get(`/api/operations/${listed?.key}`);
    const { nextPollAt: _one, health: _health, ...rest } = json;
    expect(listed).toMatchObject(rest);
  });
});

describe('A-64: refused is', () => {
  test.each([
    'top=0',
    'top=101',
    'top=-1',
    'top=1e9',
    'top=1.5',
    'top=',
    'top=ten',
    'top=1&top=2',
    'state=x',
    'state=',
    'state=running,',
    'state=Running',
    `state=running'%20or%20'1'%20eq%20'1`,
    'kind=operation',
    'kind=',
    'kind=connectionOperation,commsOperation',
    'label=',
    `label=${'x'.repeat(129)}`,
    'parentId=',
    `parentId=${'x'.repeat(513)}`,
    'continuation=',
    'continuation=x',
    'continuation=0.0..',
    `continuation=${'x'.repeat(2100)}`,
    '$filter=true',
    'skip=1',
    '__proto__=1',
  ])('the query %s', async (query) => {
    const answer = await api.get(`/api/operations?${query}`);
    expect(answer).toMatchObject({ status: 400, json: { code: 'query_invalid' } });
  });

  test('a continuation that was changed, or belongs to another query', async () => {
    const { json } = await api.get('/api/operations?kind=connectionOperation&top=2');
    const link = new URL(String(json['nextLink']), 'http://localhost');
    const continuation = link.searchParams.get('continuation') ?? '';
    const [shard, phase, afterKey = '', digest = ''] = continuation.split('.');
    const [other = ''] = ofAll('calls');
    const changed = [
      [shard, phase, other, digest],
      [shard, phase, '', digest],
      [shard, phase === '0' ? '1' : '0', afterKey, digest],
      [shard === '0' ? '1' : '0', phase, afterKey, digest],
      ['999', phase, afterKey, digest],
      [shard, phase, afterKey, `${digest.slice(0, -1)}${digest.endsWith('a') ? 'b' : 'a'}`],
      [shard, phase, `${afterKey}' or PartitionKey ne '`, digest],
      [shard, phase, afterKey, digest, 'more'],
      [shard, phase, afterKey],
    ].map((parts) => ({ kind: 'connectionOperation', continuation: parts.join('.') }));
    const elsewhere = [
      {},
      { kind: 'commsOperation' },
      { kind: 'connectionOperation', state: 'running' },
      { kind: 'connectionOperation', label: 'x' },
      { kind: 'connectionOperation', parentId: 'contosohr' },
    ].map((query) => ({ ...query, continuation }));
    for (const query of [...changed, ...elsewhere]) {
      const path = `/api/operations?${new URLSearchParams(query as Record<string, string>).toString()}`;
      expect([path, await api.get(path)]).toMatchObject([
        path,
        { status: 400, json: { code: 'query_invalid' } },
      ]);
    }
    expect(await api.get(`${link.pathname}${link.search}`)).toMatchObject({ status: 200 });
  });

  test.each(["' or PartitionKey ne '", "x' or '1' eq '1", '*', '%', "''", 'contosohr%00', 'contosohr\\'])(
    'nothing, but nothing is found either, for the filter %s',
    async (text) => {
      for (const name of ['label', 'parentId']) expect(await walk({ [name]: text })).toEqual([[]]);
    },
  );
});
