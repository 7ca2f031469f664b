// The built app in the local host, a process of its own, and a calling platform that notifies it over HTTP: the simulator,
// with its own keys, tokens and habits. The test moves the time of Graph and of storage; the app follows that of storage.
import { TableClient } from '@azure/data-tables';
import { expect } from 'vitest';
import type { SimulatorOptions } from '../../../dev/simulator/server.ts';
import { demoBot } from '../../../dev/start/settings.ts';
import { type GraphHome, parseResource } from '../../../src/domain/resources.ts';
import { azurite } from '../../fixtures/azurite.ts';
import { present } from '../../fixtures/present.ts';
import { type StorageProxy, startStorageProxy } from '../../fixtures/storage-proxy.ts';
import type { Answer } from '../api/client.ts';
import { type Api, startApi, tenant } from '../api/harness.ts';
import { clientState } from './harness.ts';

export const callsRoute = '/api/notifications/calls';

/** Words of an operation that is told of, the last one after so many milliseconds. */
export type Life = readonly (readonly [afterMs: number, status: string])[];

export type Told = { readonly path: string; readonly key: string };

export type Platform = Api & {
  readonly storage: StorageProxy;
  readonly home: GraphHome;
  /** Adds an operation of which the platform tells from now on. */
  readonly begin: (
    life: Life,
    more?: {
      readonly call?: string;
      readonly properties?: Readonly<Record<string, string>>;
      /** False: only what a test sends tells of it. */
      readonly announced?: boolean;
    },
  ) => Told;
  /** Registers it, as a caller does. */
  readonly register: (told: Told) => Promise<Answer>;
  /** Sends what is due by now; resolves once all of it was answered. */
  readonly settle: () => Promise<void>;
  /** Moves the time, and lets the app see it. */
  readonly advance: (ms: number) => Promise<void>;
  /** As the timer of calls does; resolves when it has ended. */
  readonly sweep: () => Promise<void>;
  readonly stateOf: (told: Told) => Promise<string>;
  /** `state status observedBy` of its events, as the API gives them. */
  readonly historyOf: (told: Told) => Promise<readonly string[]>;
  /** Posts a collection of items with a token of the platform. */
  readonly push: (...items: readonly unknown[]) => Promise<Answer>;
  /** Posts a body, or a collection of items, as somebody. @param authorization null: nobody */
  readonly pushAs: (authorization: string | null, body: unknown) => Promise<Answer>;
  /** Everything that the shard of calls holds. */
  readonly rows: () => Promise<string>;
};

export type PlatformOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly graph?: SimulatorOptions;
};

export async function startPlatform({ env = {}, graph = {} }: PlatformOptions = {}): Promise<Platform> {
  const storage = await startStorageProxy(azurite());
  const api = await startApi({
    storage: storage.connectionString,
    graph: { ...graph, now: storage.nowMs },
    env: { OPWATCH_NOTIFICATIONS_CLIENT_STATE: clientState, ...env },
  });
  const { control, url } = api.simulator;
  const home: GraphHome = { cloud: 'custom', root: url, tenantId: tenant };
  control.addCallback({ uri: api.host.url + callsRoute, ...demoBot });

  const begin: Platform['begin'] = (life, { call, properties = {}, announced = true } = {}) => {
    const { path } = control.addOperation({
      kind: 'commsOperation',
      script: life.map(([afterMs, status]) => ({ afterMs, status })),
      properties,
      announced,
      ...(call === undefined ? {} : { parent: call }),
    });
    return { path, key: present(parseResource(path, home)).key };
  };

  async function sweep(): Promise<void> {
    const ended = () =>
      api.lines.filter((line) => /"pollCommsOperations (succeeded|failed)"/.test(line)).length;
    const before = ended();
    await api.runFunction('pollCommsOperations');
    await expect.poll(ended, { timeout: 30_000, interval: 10 }).toBe(before + 1);
  }

  const pushAs: Platform['pushAs'] = (authorization, body) =>
    api.send('POST', callsRoute, {
      body: Array.isArray(body)
        ? { '@odata.type': '#microsoft.graph.commsNotifications', value: body }
        : body,
      headers: authorization === null ? {} : { authorization },
    });

  return {
    ...api,
    storage,
    home,
    begin,
    sweep,
    pushAs,
    push: async (...items) => pushAs(`Bearer ${await control.makeToken(demoBot)}`, items),
    register: ({ path }) => api.post({ resource: path }),
    settle: () => control.settlePushes(),
    advance: async (ms) => {
      storage.aheadMs += ms;
      // Any answer of storage will do: its date is what tells.
      await api.get('/api/health/ready');
    },
    stateOf: async ({ key }) => String((await api.get(`/api/operations/${key}`)).json['state']),
    historyOf: async ({ key }) => {
      const { json } = await api.get(`/api/operations/${key}/events`);
      const events = json['value'] as readonly { readonly data: EventData }[];
      return events.map(({ data }) => `${data.current.state} ${data.current.status} ${data.observedBy}`);
    },
    rows: async () => {
      const { OPWATCH_TABLE = '' } = api.settings;
      const table = TableClient.fromConnectionString(azurite(), OPWATCH_TABLE, {
        allowInsecureConnection: true,
      });
      const rows: unknown[] = [];
      for await (const row of table.listEntities()) rows.push(row);
      return JSON.stringify(rows);
    },
    stop: async () => {
      await api.stop();
      await storage.stop();
    },
  };
}

type EventData = {
  readonly current: { readonly state: string; readonly status: string | null };
  readonly observedBy: string;
};
