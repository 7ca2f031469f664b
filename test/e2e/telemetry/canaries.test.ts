// Secrets and people's names are planted wherever they can come from, and looked for wherever something is kept or
// shown: lines of the process, telemetry, rows, messages, and the answers of refusals.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { demoBot } from '../../../dev/start/settings.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import { spansNamed, startToldHost, type ToldHost, until } from './harness.ts';

const canary = {
  graphToken: 'canary-graph-token-0123456789',
  functionKey: 'canary-function-key-0123456789',
  recordingToken: 'canary-recording-token',
  nestedToken: 'canary-nested-token',
  pushedToken: 'canary-pushed-recording-token',
  exportUrl: 'https://export.example.test/canary?sig=canary',
  platformToken: 'canary-platform-token',
  storageKey: /AccountKey=([^;]+)/.exec(azurite())?.[1] ?? '',
  patchedValue: 'canary-patched-value',
  callersToken: 'canary-callers-token',
  person: 'adele.canary@contoso.com',
  mentionedPerson: 'bob.canary@fabrikam.example',
  clientContext: 'canary-client-context',
} as const;
type Canary = keyof typeof canary;
type Place = 'lines' | 'telemetry' | 'rows' | 'messages' | 'refusals';

/** What the contract says that operations and events carry: Graph's path, its error, and the caller's context. */
const belongs: Readonly<Partial<Record<Canary, readonly Place[]>>> = {
  person: ['rows', 'messages'],
  mentionedPerson: ['rows', 'messages'],
  clientContext: ['rows', 'messages'],
};

let host: ToldHost;
let storage: StorageProxy;
let places: Readonly<Record<Place, string>>;

beforeAll(async () => {
  storage = await startStorageProxy(azurite());
  host = await startToldHost({
    LOCAL_HOST_KEY: canary.functionKey,
    OPWATCH_STATIC_TOKEN: canary.graphToken,
    OPWATCH_STORAGE: storage.connectionString,
    OPWATCH_PATCH_CONFIGURATION: 'allow',
  });
  host.simulator.control.requireToken(canary.graphToken);
  const refusals = [
    await watch(),
    await notify(),
    await change(),
    await changeWhileGraphBreaks(),
    await fail(),
  ].flat();
  await until(() => spansNamed(host.sink.envelopes, 'opwatch.failure').length > 0 || undefined);
  const messages = await host.events();
  const rows: unknown[] = [];
  for await (const row of host.table.listEntities()) rows.push(row);
  await host.process.stop();
  places = {
    lines: host.lines.join('\n'),
    telemetry: host.sink.bodies.join('\n'),
    rows: JSON.stringify(rows),
    messages: JSON.stringify(messages),
    refusals: refusals.join('\n'),
  };
});

afterAll(async () => {
  await host.stop();
  await storage.stop();
});

const rowsOfTest = (Object.keys(canary) as Canary[]).flatMap((name) =>
  (['lines', 'telemetry', 'rows', 'messages', 'refusals'] as const).map((place) => ({ name, place })),
);

test.each(rowsOfTest)('$name in $place is there only where it belongs', ({ name, place }) => {
  const isFound = places[place].toLowerCase().includes(canary[name].toLowerCase());
  expect(isFound).toBe(belongs[name]?.includes(place) ?? false);
});

test('every place was looked at, after something was there', () => {
  expect(places.lines).toContain('"message":"patch"');
  expect(places.lines).toContain('"level":"error"');
  expect(places.telemetry).toContain('PATCH /users/{id}/onenote/operations/{id}');
  expect(places.telemetry).toContain('opwatch.failure');
  expect(places.rows).toContain('live!');
  expect(places.messages).toContain('opwatch.commsOperation.failed');
  expect(places.messages).toContain('"observedBy":"push"');
  expect(places.refusals).toContain('storage_busy');
  expect(places.refusals).toContain('graph_');
});

/** Operations of which Graph shows what nobody else should. */
async function watch(): Promise<readonly string[]> {
  const { control } = host.simulator;
  const comms = control.addOperation({
    kind: 'commsOperation',
    properties: { clientContext: canary.clientContext, recordingAccessToken: canary.recordingToken },
    script: [
      {
        afterMs: 0,
        status: 'failed',
        resultInfo: { message: `refused for ${canary.mentionedPerson}`, accessToken: canary.nestedToken },
      },
    ],
  });
  const onenote = control.addOperation({
    kind: 'onenoteOperation',
    parent: `/users/${canary.person}`,
    script: [{ afterMs: 0, status: 'Running' }],
  });
  const answers = await Promise.all(
    [comms, onenote].map(({ path }) => post('/api/operations', { resource: path })),
  );
  await host.sweep('commsOperation');
  await host.sweep('onenoteOperation');
  // Refused: another key, a body that is none, a path that is none.
  const refused = [
    await host.call(`/api/operations/${canary.person}`),
    await post('/api/operations', {
      resource: `/users/${canary.person}/messages`,
      label: canary.patchedValue,
    }),
    await post('/api/operations', { recordingAccessToken: canary.recordingToken }),
    await host.call(`/api/graph/v1.0/users/${canary.person}/messages?$search=${canary.patchedValue}`),
  ];
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  return refused.map(({ text }) => text);
}

/** The platform tells of a recording, with what only the bot may know; and somebody who is not the platform does too. */
async function notify(): Promise<readonly string[]> {
  const { control } = host.simulator;
  const callbacks = `${host.url}/api/notifications/calls`;
  control.addCallback({ uri: callbacks, ...demoBot });
  const { path } = control.addOperation({
    kind: 'commsOperation',
    properties: {
      '@odata.type': '#microsoft.graph.recordOperation',
      recordingAccessToken: canary.pushedToken,
      recordingLocation: canary.exportUrl,
      clientContext: canary.clientContext,
    },
    script: [
      {
        afterMs: 0,
        status: 'completed',
        resultInfo: { message: 'Recorded.', accessToken: canary.nestedToken },
      },
    ],
  });
  await until(() => control.pushes().find(({ status }) => status === 202));
  const told = { changeType: 'deleted', resourceUrl: path, resourceData: { url: canary.exportUrl } };
  const forged = await fetch(callbacks, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${canary.platformToken}` },
    body: JSON.stringify({ value: [told] }),
  });
  expect(forged.status).toBe(401);
  return [await forged.text()];
}

/** Changes by proxy: one that goes well, and some that are refused with what was in them. */
async function change(): Promise<readonly string[]> {
  host.simulator.control.addConnection({ id: 'contosohr' });
  const onenote = host.simulator.control.addOperation({
    kind: 'onenoteOperation',
    parent: `/users/${canary.person}`,
  });
  const changed = await patch('external/connections/contosohr', { description: canary.patchedValue });
  expect(changed.status).toBeLessThan(300);
  const answers = [
    await patch(onenote.path.slice(1), { status: 'Completed' }),
    await patch('external/connections/contosohr', { nickname: canary.patchedValue }),
    await patch(`users/${canary.person}/onenote/operations/1-none`, { status: 'Completed' }),
    await patch('external/connections/contosohr', { id: canary.person }),
  ];
  return answers.filter(({ status }) => status >= 400).map(({ text }) => text);
}

/** Graph's own error texts name people and repeat what was sent. */
async function changeWhileGraphBreaks(): Promise<readonly string[]> {
  const { control } = host.simulator;
  const message = `${canary.mentionedPerson} sent ${canary.recordingToken} in Bearer ${canary.graphToken}`;
  const texts: string[] = [];
  for (const status of [400, 403, 500]) {
    control.addFault({ fault: 'status', status, code: 'canaryCode', message, times: 1 });
    texts.push((await patch('external/connections/contosohr', { description: canary.patchedValue })).text);
  }
  control.clearFaults();
  return texts;
}

/** Storage and identity fail, so that errors of the SDKs come through. */
async function fail(): Promise<readonly string[]> {
  const path = host.simulator.control.addOperation({ kind: 'connectionOperation' }).path;
  storage.mode = 'busy';
  const refused = await post('/api/operations', { resource: path });
  await host.sweep();
  storage.mode = 'reset';
  await post('/api/operations', { resource: path });
  storage.mode = 'pass';
  host.simulator.control.requireToken('another');
  await host.sweep('onenoteOperation');
  return [refused.text];
}

function post(path: string, body: unknown) {
  return host.call(path, { method: 'POST', headers: jsonHeaders, body: JSON.stringify(body) });
}

function patch(path: string, body: unknown) {
  return host.call(`/api/graph/v1.0/${path}`, {
    method: 'PATCH',
    headers: jsonHeaders,
    body: JSON.stringify(body),
  });
}

const jsonHeaders = {
  'content-type': 'application/json',
  authorization: `Bearer ${canary.callersToken}`,
} as const;
