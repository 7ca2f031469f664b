// What can be wrong with a set-up, one row each: how it comes about, which check finds it, and which words of the fix
// name the way out.
import type { CheckId } from '../../../dev/doctor/catalogue.ts';
import { type Env, goodRoles, type Stack } from './harness.ts';

export type Planted = {
  readonly what: string;
  /** Makes it so; @returns what the doctor is told otherwise than by the healthy settings. */
  readonly plant: (stack: Stack) => Env | Promise<Env>;
  /** All that is found: nothing else is wrong. */
  readonly found: readonly Finding[];
};

type Finding = readonly [id: CheckId, status: 'warn' | 'fail', fix: string];

/** A port that needs rights which no test has, so nobody listens there. */
export const nobody = 'http://127.0.0.1:2';

const misspelt: readonly Planted[] = [
  {
    what: 'a setting with a typing error',
    plant: () => ({ OPWATCH_SHARD: '1' }),
    found: [['settings.values', 'fail', 'write OPWATCH_SHARDS']],
  },
  {
    what: 'a number out of its range',
    plant: () => ({ OPWATCH_RETENTION_DAYS: '0' }),
    found: [['settings.values', 'fail', 'Set OPWATCH_RETENTION_DAYS to what it takes: 1 to 3650.']],
  },
  {
    what: 'one queue for two purposes',
    plant: ({ settings }) => ({ OPWATCH_SWEEPS_QUEUE: settings['OPWATCH_TRANSITIONS_QUEUE'] ?? '' }),
    found: [['settings.values', 'fail', 'Give the two different names.']],
  },
  {
    what: 'a timer that runs more rarely than operations are to be read',
    plant: () => ({ OPWATCH_COMMS_OPERATION_TICK: '0 0 * * * *' }),
    found: [['settings.together', 'warn', 'OPWATCH_COMMS_OPERATION_INTERVAL_SECONDS']],
  },
  {
    what: 'an encoding that the host does not read',
    plant: () => ({ OPWATCH_QUEUE_ENCODING: 'text' }),
    found: [['host.encoding', 'warn', 'AzureFunctionsJobHost__extensions__queues__messageEncoding=none']],
  },
  {
    what: 'a host that stops sweeps before they end themselves',
    plant: () => ({ AzureFunctionsJobHost__functionTimeout: '00:00:30' }),
    found: [['host.rules', 'fail', 'AzureFunctionsJobHost__functionTimeout']],
  },
  {
    what: 'a timer that somebody switched off',
    plant: () => ({ 'AzureWebJobs.pollCommsOperations.Disabled': 'true' }),
    found: [['host.functions', 'warn', 'Remove AzureWebJobs.pollCommsOperations.Disabled']],
  },
  {
    what: 'a connection string of telemetry that was cut off',
    plant: () => ({ APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=canary-of-an-insights-key' }),
    found: [['telemetry.connection', 'fail', 'overview of the Application Insights component']],
  },
];

const storage: readonly Planted[] = [
  {
    what: 'the key of another account',
    plant: ({ settings }) => ({
      AzureWebJobsStorage: (settings['AzureWebJobsStorage'] ?? '').replace(
        /AccountKey=[^;]+/,
        `AccountKey=${Buffer.alloc(64, 7).toString('base64')}`,
      ),
    }),
    found: [
      ['storage.table', 'fail', 'the connection string anew'],
      ['storage.transitions', 'fail', 'the connection string anew'],
      ['storage.sweeps', 'fail', 'the connection string anew'],
      ['storage.poison', 'fail', 'the connection string anew'],
    ],
  },
  {
    what: 'storage that is not there',
    plant: ({ settings }) => ({
      AzureWebJobsStorage: (settings['AzureWebJobsStorage'] ?? '').replaceAll(
        /http:..127\.0\.0\.1:\d+/g,
        nobody,
      ),
    }),
    found: [
      [
        'storage.table',
        'fail',
        'Start what should listen there, or correct AzureWebJobsStorage or OPWATCH_STORAGE',
      ],
      [
        'storage.transitions',
        'fail',
        'Start what should listen there, or correct AzureWebJobsStorage or OPWATCH_STORAGE',
      ],
      [
        'storage.sweeps',
        'fail',
        'Start what should listen there, or correct AzureWebJobsStorage or OPWATCH_STORAGE',
      ],
      [
        'storage.poison',
        'fail',
        'Start what should listen there, or correct AzureWebJobsStorage or OPWATCH_STORAGE',
      ],
    ],
  },
  {
    what: 'a role that lets the table be read and not written',
    plant: ({ storage: proxy }) => {
      proxy.mode = (what) => (what === 'table POST' ? 'refuse' : 'pass');
      return {};
    },
    found: [['storage.write', 'fail', 'Grant it Storage Table Data Contributor']],
  },
  {
    what: 'no role to send',
    plant: ({ storage: proxy }) => {
      proxy.mode = (what) => (what === 'queue POST' ? 'refuse' : 'pass');
      return {};
    },
    found: [
      ['storage.transitions', 'fail', 'Grant it Storage Queue Data Contributor'],
      ['storage.sweeps', 'fail', 'Grant it Storage Queue Data Contributor'],
    ],
  },
  {
    what: 'a queue with another name than the one that there is',
    plant: () => ({ OPWATCH_TRANSITIONS_QUEUE: 'opwatch-transition' }),
    found: [['storage.transitions', 'fail', 'correct its name']],
  },
  {
    what: 'another number of shards than the table was begun with',
    plant: () => ({ OPWATCH_SHARDS: '2' }),
    found: [['storage.shards', 'fail', 'Set OPWATCH_SHARDS=1.']],
  },
  {
    what: 'a clock that is two minutes behind',
    plant: ({ storage: proxy }) => {
      proxy.aheadMs = 120_000;
      return {};
    },
    found: [['storage.clock', 'fail', 'set by the network (NTP)']],
  },
  {
    what: 'messages that wait in another encoding',
    plant: async ({ transitions }) => {
      await transitions.sendMessage('{"specversion":"1.0"}');
      return {};
    },
    found: [['storage.transitions', 'warn', 'let consumers take those first']],
  },
  {
    what: 'sweeps that were put aside',
    plant: async ({ poison }) => {
      await poison.create();
      await poison.sendMessage(Buffer.from('{}').toString('base64'));
      return {};
    },
    found: [['storage.poison', 'warn', 'docs/runbook.md, “poison”']],
  },
];

const identity: readonly Planted[] = [
  {
    what: 'a token of another tenant',
    plant: ({ tokenWith }) => ({
      OPWATCH_STATIC_TOKEN: tokenWith({ tid: '99999999-2222-4333-8444-555555555555' }),
    }),
    found: [['token.tenant', 'fail', 'Set OPWATCH_TENANT_ID to the tenant whose operations are watched']],
  },
  {
    what: 'a token for something else than Graph',
    plant: ({ tokenWith }) => ({
      OPWATCH_STATIC_TOKEN: tokenWith({ aud: 'https://management.azure.com' }),
    }),
    found: [['token.audience', 'fail', 'OPWATCH_GRAPH_SCOPE with a custom cloud']],
  },
  {
    what: 'a token that has ended',
    plant: ({ tokenWith }) => ({
      OPWATCH_STATIC_TOKEN: tokenWith({ exp: Math.floor(Date.now() / 1000) - 600 }),
    }),
    found: [['token.expiry', 'fail', 'A static token has to be replaced by hand.']],
  },
  {
    what: 'no role for calls, which are watched',
    plant: ({ tokenWith }) => ({ OPWATCH_STATIC_TOKEN: tokenWith({ roles: goodRoles.slice(0, 1) }) }),
    found: [['roles.calls', 'fail', 'Calls.Initiate.All at least']],
  },
  {
    what: 'a role that nothing here uses',
    plant: ({ tokenWith }) => ({
      OPWATCH_STATIC_TOKEN: tokenWith({ roles: [...goodRoles, 'Mail.ReadWrite'] }),
    }),
    found: [['roles.excess', 'warn', 'Enterprise applications, the identity, Permissions']],
  },
  {
    what: 'a Graph that does not take the token',
    plant: ({ simulator }) => {
      simulator.control.requireToken('another');
      return {};
    },
    found: [
      ['graph.connectionOperation', 'fail', 'See the checks of the token'],
      ['graph.commsOperation', 'fail', 'See the checks of the token'],
    ],
  },
  {
    what: 'a Graph that forbids one kind',
    plant: ({ simulator, tokenWith }) => {
      const where = { path: '/communications/calls' };
      simulator.control.addFault({ fault: 'status', on: 'request', status: 403, code: 'Forbidden', where });
      return {
        OPWATCH_STATIC_TOKEN: tokenWith({
          roles: [...goodRoles.slice(0, 1), 'Calls.JoinGroupCallAsGuest.All'],
        }),
      };
    },
    found: [['graph.commsOperation', 'warn', 'look for a policy of the tenant']],
  },
  {
    what: 'an address where Graph is not',
    plant: ({ tokenWith }) => ({
      OPWATCH_GRAPH_ROOT: nobody,
      OPWATCH_STATIC_TOKEN: tokenWith({ aud: nobody }),
    }),
    found: [
      [
        'graph.root',
        'fail',
        'Start what should listen there, or correct OPWATCH_GRAPH_CLOUD (or OPWATCH_GRAPH_ROOT with a custom one)',
      ],
    ],
  },
];

const edges: readonly Planted[] = [
  {
    what: 'keys of the calling platform that can’t be had',
    plant: () => ({ OPWATCH_CALLS_OPENID_URL: `${nobody}/openid` }),
    found: [['calls.keys', 'fail', 'Start what should listen there, or correct OPWATCH_CALLS_OPENID_URL']],
  },
  {
    what: 'keys of callers’ tokens that are a page',
    plant: ({ issuer }) => {
      issuer.mode = 'page';
      return {
        OPWATCH_CALLER_AUTH: 'entra',
        OPWATCH_AUTH_AUDIENCE: 'api://opwatch',
        OPWATCH_AUTH_JWKS_URL: issuer.url,
        OPWATCH_CALLS_APP_ID: '',
        OPWATCH_CALLS_OPENID_URL: '',
      };
    },
    found: [
      ['callers.keys', 'fail', 'Correct OPWATCH_AUTH_JWKS_URL'],
      ['app.callNotifications', 'warn', 'OPWATCH_CALLS_APP_ID turns call notifications on'],
    ],
  },
];

export const planted: readonly Planted[] = [...misspelt, ...storage, ...identity, ...edges];
