// Roles that are wrong or too wide, and settings that are not those of the code.
import { app, type Fault, main, module, parameters } from './fault.ts';

export const roleFaults: readonly Fault[] = [
  [
    'a role by a mistyped number',
    module('roles'),
    '3913510d-42f4',
    '3913510d-42f5',
    'monitoringMetricsPublisher is 3913510d-42f4',
  ],
  [
    'a role that is not given here',
    module('roles'),
    'storageBlobDataOwner:',
    'owner:',
    'owner is no role that may be given',
  ],
  [
    'the right to send on all queues',
    module('roles'),
    '  scope: transitionsQueue\n',
    '  scope: account\n',
    'storageQueueDataMessageSender is given on Microsoft.Storage/storageAccounts',
  ],
  [
    'a role on the whole group',
    module('roles'),
    '  scope: component\n',
    '',
    'monitoringMetricsPublisher is given on too much',
  ],
  [
    'a role as a number in its place',
    module('roles'),
    "roleDefinitions', roleIds.storageBlobDataOwner)",
    "roleDefinitions', 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b')",
    'hostStorage: its role is not from roleIds',
  ],
  [
    'two assignments of one name',
    module('roles'),
    'guid(workspace.id, operator, roleIds.logAnalyticsReader)',
    'guid(workspace.id, roleIds.logAnalyticsReader)',
    'operate: its name must be made of resource, principal and role',
  ],
];

export const settingFaults: readonly Fault[] = [
  [
    'a setting that the app reads and nobody sets',
    module('settings'),
    '  OPWATCH_SHARDS: string?\n',
    '',
    'does not set OPWATCH_SHARDS',
  ],
  [
    'a setting that the app does not know',
    module('settings'),
    'OPWATCH_SHARDS:',
    'OPWATCH_SHARD:',
    'sets OPWATCH_SHARD, which nothing reads',
  ],
  [
    'a fixed setting that the app does not know',
    app,
    '  OPWATCH_TABLE:',
    '  OPWATCH_TABEL:',
    'sets OPWATCH_TABEL, which nothing reads',
  ],
  [
    'a setting that is left out on purpose',
    app,
    '  OPWATCH_TABLE:',
    "  OPWATCH_STATIC_TOKEN: 'x'\n  OPWATCH_TABLE:",
    'sets OPWATCH_STATIC_TOKEN (only for a Graph on loopback)',
  ],
  [
    'a setting of another plan',
    app,
    '  AZURE_CLIENT_ID:',
    "  FUNCTIONS_WORKER_RUNTIME: 'node'\n  AZURE_CLIENT_ID:",
    'FUNCTIONS_WORKER_RUNTIME must not be set',
  ],
  [
    'another default of the table',
    main,
    "tableName string = 'opwatch'",
    "tableName string = 'opwatches'",
    "tableName must be 'opwatch' by default",
  ],
  [
    'a queue that storage does not declare',
    module('storage'),
    'name: transitionsQueueName',
    "name: 'transitions'",
    'declares nothing named transitionsQueueName',
  ],
  [
    'a setting that azd does not hand over',
    parameters,
    '"OPWATCH_SHARDS": "${OPWATCH_SHARDS=}",',
    '',
    'settings.OPWATCH_SHARDS must be',
  ],
  ['a secret that every deployment shows', app, '@secure()\n', '', 'must be a parameter that is @secure()'],
  [
    'a secret among the other settings',
    module('settings'),
    '  OPWATCH_SHARDS: string?\n',
    '  OPWATCH_SHARDS: string?\n  OPWATCH_NOTIFICATIONS_CLIENT_STATE: string?\n',
    'OPWATCH_NOTIFICATIONS_CLIENT_STATE is a secret',
  ],
  [
    'a setting that azd takes from another',
    parameters,
    '"${OPWATCH_SHARDS=}"',
    '"${SHARDS=}"',
    'settings.OPWATCH_SHARDS must be',
  ],
  [
    'a queue whose name azd takes from another',
    parameters,
    '${OPWATCH_SWEEPS_QUEUE=',
    '${SWEEPS_QUEUE=',
    'sweepsQueueName must come from OPWATCH_SWEEPS_QUEUE',
  ],
];
