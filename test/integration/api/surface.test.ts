// What all routes have in common: which methods they serve under which spellings, what the document says of them, what
// a caller's headers can do, and that nobody holds up the others.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from './client.ts';
import { type Api, startApi } from './harness.ts';

const key = 'c'.padEnd(26, 'a');

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>> };
type Binding = { readonly type: string; readonly route: string; readonly methods: readonly string[] };

const lowerCase = (names: readonly string[]): readonly string[] =>
  names.map((name) => name.toLowerCase()).toSorted();

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

const routes: readonly (readonly [route: string, allow: string])[] = [
  ['/api/operations', 'GET, POST'],
  [`/api/operations/${key}`, 'GET, DELETE'],
  [`/api/operations/${key}/poll`, 'POST'],
  [`/api/operations/${key}/events`, 'GET'],
  ['/api/health/live', 'GET'],
  ['/api/health/ready', 'GET'],
  ['/api/openapi.json', 'GET'],
];

describe('A-76: the route', () => {
  test.each(routes)('%s answers other methods than %s with 405', async (route, allow) => {
    for (const method of methods.filter((one) => !allow.split(', ').includes(one))) {
      const { status, headers, text, json } = await api.send(method, route);
      expect([method, status, headers['allow']]).toEqual([method, 405, allow]);
      expect(method === 'HEAD' ? text : json['code']).toBe(method === 'HEAD' ? '' : 'method_not_allowed');
    }
  });

  test.each(routes)('%s is no other one in capitals or with a slash at its end', async (route, allow) => {
    for (const method of methods) {
      const plain = await api.send(method, route);
      for (const spelled of [`${route}/`, route.replace(/\/api\/\w+/, (start) => start.toUpperCase())]) {
        const { status, headers } = await api.send(method, spelled);
        expect([status, headers['allow']], `${method} ${spelled}`).toEqual([
          plain.status,
          plain.headers['allow'],
        ]);
      }
    }
    expect(allow).not.toBe('');
  });

  test.each(routes)('%s is not found where slashes are doubled or missing', async (route) => {
    for (const spelled of [`/${route}`, route.replaceAll('/', '//'), route.replace('/api', ''), `/x${route}`])
      expect([spelled, await api.send('GET', spelled)]).toMatchObject([spelled, { status: 404, text: '' }]);
  });

  test.each(routes)('%s is not served to TRACE, which the Functions library can not carry', async (route) => {
    expect(await api.send('TRACE', route)).toMatchObject({ status: 404, text: '' });
  });

  test('takes no method from a header or a query', async () => {
    const one = await api.track();
    const path = `/api/operations/${one.key}`;
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override'])
      expect(await api.get(path, { [name]: 'DELETE' })).toMatchObject({
        status: 200,
        json: { state: 'pending' },
      });
    expect(await api.get(`${path}?_method=DELETE`)).toMatchObject({
      status: 400,
      json: { code: 'query_invalid' },
    });
    expect(await api.send('POST', path, { headers: { 'x-http-method-override': 'DELETE' } })).toMatchObject({
      status: 405,
    });
  });
});

describe('A-74: the document', () => {
  let document: Document;
  let bindings: readonly Binding[];
  beforeAll(async () => {
    const answer = await api.get('/api/openapi.json');
    expect(answer).toMatchObject({ status: 200, json: { openapi: expect.stringMatching(/^3\.1\./) } });
    document = answer.json as Document;
    const functions = (await (await fetch(`${api.host.url}/admin/functions`)).json()) as {
      readonly config: { readonly bindings: readonly Binding[] };
    }[];
    bindings = functions
      .flatMap(({ config }) => config.bindings)
      .filter(({ type }) => type === 'httpTrigger');
  });

  const sample = (path: string): string =>
    path
      .replace('{key}', key)
      .replace('{version}', 'v1.0')
      .replaceAll(/\{\w+\}/g, 'x');
  const isOf = (binding: Binding, path: string): boolean => {
    const pattern = binding.route
      .replaceAll('.', '\\.')
      .replaceAll(/\{\*\w+\}/g, '.+')
      .replaceAll(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^/api/${pattern}$`).test(path);
  };

  test('tells of no route that is not there', () => {
    const missing = Object.entries(document.paths).flatMap(([path, item]) =>
      methods
        .filter((method) => method.toLowerCase() in item)
        .filter((method) => !bindings.some((one) => isOf(one, path) && one.methods.includes(method)))
        .map((method) => `${method} ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test('is silent about no route that is there', () => {
    const paths = Object.keys(document.paths);
    expect(bindings.length).toBeGreaterThan(10);
    expect(
      bindings.filter((one) => !paths.some((path) => isOf(one, path))).map(({ route }) => route),
    ).toEqual([]);
  });

  test('names the methods that each route serves, and no others', async () => {
    const own = Object.entries(document.paths).filter(([path]) => !path.startsWith('/api/graph/'));
    expect(own.length).toBeGreaterThanOrEqual(routes.length);
    for (const [path, item] of own) {
      const documented = Object.keys(item).toSorted();
      const answers = await Promise.all(methods.map((method) => api.send(method, sample(path))));
      const served = methods.filter((_method, index) => answers[index]?.status !== 405);
      expect([path, lowerCase(served)]).toEqual([path, documented]);
      const refused = answers.filter(({ status }) => status === 405);
      expect(refused.length).toBeGreaterThan(0);
      for (const { headers } of refused)
        expect([path, lowerCase(headers['allow']?.split(', ') ?? [])]).toEqual([path, documented]);
    }
  });
});

describe('A-74: a page of another origin', () => {
  const origin = { origin: 'https://evil.example', cookie: 'a=b' };
  const isCors = (name: string): boolean => name.startsWith('access-control-');

  test.each(routes)('may not read %s', async (route) => {
    const preflight = {
      ...origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'x-functions-key',
    };
    for (const answer of [
      await api.get(route, origin),
      await api.send('OPTIONS', route, { headers: preflight }),
    ])
      expect(Object.keys(answer.headers).filter(isCors)).toEqual([]);
  });
});

describe('A-72: the correlation id', () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  test.each([
    ['client-request-id', 'my.Request_id-1'],
    ['client-request-id', 'x'.repeat(64)],
    ['x-ms-client-request-id', '00000000-0000-4000-8000-000000000001'],
  ])('of %s is given back in header and problem', async (name, id) => {
    expect(await api.get('/api/operations', { [name]: id })).toMatchObject({
      headers: { 'client-request-id': id },
    });
    expect(await api.get('/api/operations?x=1', { [name]: id })).toMatchObject({
      json: { correlationId: id },
    });
  });

  test.each([
    ['65 characters', 'x'.repeat(65)],
    ['10 KB', 'x'.repeat(10_240)],
    ['spaces', 'a b'],
    ['two ids', 'a, b'],
    ['a line that is encoded', 'a%0d%0aset-cookie:x'],
    ['a line that is escaped', 'a\\r\\nb'],
    ['markup', '<script>alert(1)</script>'],
    ['a path', '../../x'],
    ['a template', '{{7*7}}${7*7}'],
    ['what is no ASCII', 'caf\u00e9'],
  ])('that is %s is replaced by a fresh one, and is no part of any line', async (_what, id) => {
    const answer = await api.get('/api/operations?x=1', { 'client-request-id': id });
    expect(answer.json['correlationId']).toMatch(uuid);
    const line = await onlyLineOf(answer);
    expect(line).not.toContain(id.slice(0, 64));
  });

  test.each([
    ['no trace', 'not-a-trace'],
    ['no hex', '00-zz-zz-01'],
    ['zeros', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`],
    ['10 KB', `00-${'a'.repeat(10_000)}`],
    ['JSON', '{"$evil":1}'],
  ])(
    'does not come from a traceparent of %s, which leaves no trace of its own',
    async (_what, traceparent) => {
      const headers = { traceparent, tracestate: 'evil=1', 'client-request-id': 'mine' };
      const answer = await api.get('/api/operations?x=1', headers);
      expect(answer).toMatchObject({ status: 400, json: { correlationId: 'mine' } });
      const line = await onlyLineOf(answer);
      expect(line).not.toContain(traceparent);
      expect(line).not.toContain('evil');
    },
  );

  test.each([
    ['a bare line feed', 'a\nset-cookie: evil=1'],
    ['a bare carriage return', 'a\rset-cookie: evil=1'],
    ['a colour', '\u001b[31m'],
    ['NUL', 'a\u0000b'],
  ])('with %s never reaches the app', async (_what, id) => {
    const answer = await raw(
      `GET /api/operations?x=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\nclient-request-id: ${id}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toMatch(/evil/);
  });
});

describe('A-76: callers that are slow', () => {
  test('do not hold up the others', async () => {
    const sockets: Socket[] = [];
    try {
      for (const [count, start] of [
        [200, ''],
        [100, 'GET /api/operations HTTP/1.1\r\nhost: x\r\nx-slow: '],
        [
          20,
          'POST /api/operations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
        ],
      ] as const) {
        for (let opened = 0; opened < count; opened += 1) sockets.push(open(start));
      }
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      const startedMs = performance.now();
      expect(await api.get('/api/health/live')).toMatchObject({ status: 200 });
      expect(await api.post({ resource: api.addOperation() })).toMatchObject({ status: 201 });
      expect(performance.now() - startedMs).toBeLessThan(1000);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

/** The one line that a request leaves. */
async function onlyLineOf({ headers }: Answer): Promise<string> {
  const id = headers['x-ms-invocation-id'] ?? 'none';
  const own = (): readonly string[] => api.lines.filter((line) => line.includes(id));
  await expect.poll(own).not.toEqual([]);
  expect(own()).toHaveLength(1);
  return own().join('');
}

function open(start: string): Socket {
  const { hostname, port } = new URL(api.host.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined); // the host may end those that say too little
  socket.write(start);
  return socket;
}

/** All that comes back for these bytes. */
async function raw(text: string): Promise<string> {
  const socket = open(text);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  await once(socket, 'close');
  return answer;
}
