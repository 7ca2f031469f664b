// The app's token goes to the configured Graph and nowhere else, whatever an answer points to.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { change, connection, type SignedIn, startSignedIn } from './harness.ts';
import { type Recorder, startRecorder } from './recorder.ts';

type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

let signedIn: SignedIn;
let stranger: Recorder;
let script: (body: string) => Answer;
const seen: string[] = [];
const graph = createServer((request, response) => {
  // A test that fails here fails by what the app is told.
  serve(request, response).catch(() => response.destroy());
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  seen.push(`${request.method} ${request.url}`);
  const { status, headers, body: answer } = script(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(answer === undefined ? '' : JSON.stringify(answer));
}

beforeAll(async () => {
  stranger = await startRecorder();
  graph.listen(0, '127.0.0.1');
  await once(graph, 'listening');
  const root = `http://127.0.0.1:${(graph.address() as AddressInfo).port}`;
  signedIn = await startSignedIn({ OPWATCH_GRAPH_ROOT: root });
});
afterAll(async () => {
  await signedIn.stop();
  await stranger.stop();
  graph.close();
  graph.closeAllConnections();
});
beforeEach(() => {
  seen.length = 0;
});

/** Addresses of the stranger, also such as look like Graph's to a careless reader. */
function addresses(): readonly string[] {
  const { host } = new URL(stranger.url);
  const path = '/v1.0/external/connections/contosohr/operations/op';
  const own = signedIn.proxy.app.home.root;
  return [
    `http://${host}${path}`,
    `//${host}${path}`,
    `${own}@${host}${path}`,
    `${own.replace('http://', 'http://x:y@')}@${host}${path}`,
    `http://${host}\\@${new URL(own).host}${path}`,
    `HTTP://${host}${path}`,
  ];
}

describe('an answer', () => {
  test.each([301, 302, 303, 307, 308])('of %i that leads to a stranger is not followed', async (status) => {
    for (const location of addresses()) {
      script = () => ({ status, headers: { location } });
      expect(await signedIn.proxy.get(connection)).toMatchObject({ status: 502 });
      expect(await signedIn.proxy.patch(connection, change)).toMatchObject({ status: 502 });
    }
    expect(seen.length).toBe(2 * addresses().length);
    expect(stranger.seen()).toEqual([]);
  });

  test.each(['location', 'operation-location'])(
    'of 202 whose %s is a stranger is not followed and not tracked',
    async (name) => {
      for (const address of addresses()) {
        script = () => ({ status: 202, headers: { [name]: address } });
        const answer = await signedIn.proxy.patch(`${connection}/schema`, { body: { properties: [] } });
        expect(answer).toMatchObject({
          status: 202,
          headers: { 'opwatch-operation-error': expect.stringMatching(/^location_/), [name]: address },
        });
        expect(answer.headers).not.toHaveProperty('opwatch-operation');
      }
      expect(seen.length).toBe(addresses().length);
      expect(stranger.seen()).toEqual([]);
    },
  );

  test('with links to a stranger is passed on and not followed', async () => {
    const { url } = stranger;
    const body = { id: 'contosohr', '@odata.nextLink': url, '@odata.deltaLink': url, '@odata.context': url };
    const headers = { link: `<${url}>; rel="next"`, refresh: `0; url=${url}`, 'content-location': url };
    script = () => ({ status: 200, headers, body });
    const read = await signedIn.proxy.get(connection);
    expect(read).toMatchObject({ status: 200, json: body });
    expect(Object.keys(read.headers)).not.toEqual(expect.arrayContaining(['link']));
    expect([seen.length, stranger.seen()]).toEqual([1, []]);
  });

  test('of 401 that names a stranger as authority leads to none but our own', async () => {
    const challenge = `Bearer realm="", authorization_uri="${stranger.url}", claims="e30="`;
    script = () => ({ status: 401, headers: { 'www-authenticate': challenge } });
    const asked = signedIn.signIn.requests().length;
    expect(await signedIn.proxy.patch(connection, change)).toMatchObject({ status: 502 });
    expect(signedIn.signIn.requests().length - asked).toBe(1);
    expect([seen.length, stranger.seen()]).toEqual([2, []]);
  });
});

test('a batch whose items point to a stranger is read item by item from Graph alone', async () => {
  const { proxy } = signedIn;
  const keys: string[] = [];
  for (const id of ['one', 'two', 'three'])
    keys.push(await proxy.track(`/external/connections/contosohr/operations/${id}`));
  const requested: string[] = [];
  script = (body) => {
    const { requests } = JSON.parse(body) as { requests: { id: string; url: string }[] };
    requested.push(...requests.map(({ url }) => url));
    const answers = [
      { status: 302, headers: { Location: stranger.url } },
      { status: 200, body: { id: 'x', status: 'completed', '@odata.nextLink': stranger.url } },
      { status: 202, headers: { 'Operation-Location': stranger.url } },
    ];
    const responses = requests.map(({ id }, index) => ({ id, ...answers[index] }));
    return { status: 200, body: { responses, '@odata.nextLink': stranger.url } };
  };
  await proxy.app.pollKind('connectionOperation');
  expect(requested.toSorted()).toEqual(
    ['one', 'three', 'two'].map((id) => `/external/connections/contosohr/operations/${id}`),
  );
  for (const key of keys)
    expect(await proxy.app.flows.find(key)).toMatchObject({
      state: 'pending',
      health: { status: 'unreadable' },
    });
  expect([seen, stranger.seen()]).toEqual([['POST /v1.0/$batch'], []]);
});
