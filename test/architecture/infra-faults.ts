// Faults of a deployment, at least one for each check and one in each module, and what the check says of it.
import { checkAzd } from '../../dev/checks/azd.ts';
import { checkBicep } from '../../dev/checks/bicep.ts';
import { checkConfigurationDocument } from '../../dev/checks/configuration-document.ts';
import { checkHostJson } from '../../dev/checks/host-json.ts';
import { checkInfraHardening } from '../../dev/checks/infra-hardening.ts';
import { checkInfraRoles } from '../../dev/checks/infra-roles.ts';
import { checkInfraSettings } from '../../dev/checks/infra-settings.ts';
import type { Check } from '../../dev/checks/outcome.ts';
import { checkQueries } from '../../dev/checks/queries.ts';

/** What is wrong · in which file · what stands there · what is put there · what the check says. */
type Fault = readonly [fault: string, file: string, find: string, replace: string, says: string];

const module = (name: string): string => `infra/modules/${name}.bicep`;
const main = 'infra/main.bicep';
const app = module('function-app');
const parameters = 'infra/main.parameters.json';

const bicep: readonly Fault[] = [
  ['a brace that is never closed', module('identity'), 'tags: tags\n}', 'tags: tags\n', 'identity.bicep:'],
  ['a property without a value', module('monitoring'), "kind: 'web'", 'kind:', 'monitoring.bicep:'],
  [
    'a module that is not there',
    main,
    'modules/workbook.bicep',
    'modules/book.bicep',
    'modules/book.bicep is not there',
  ],
  [
    'a module from a registry',
    main,
    'modules/roles.bicep',
    'br/public:avm/res/a:1.0.0',
    'comes from a registry',
  ],
  [
    'a parameter that the module does not know',
    main,
    '    sku: storageSku',
    '    skuName: storageSku',
    'modules/storage.bicep has no parameter skuName',
  ],
  [
    'a parameter that the module needs',
    main,
    '    sku: storageSku\n',
    '',
    'modules/storage.bicep needs the parameter sku',
  ],
  [
    'a module that asks for one more',
    module('network'),
    'param tags object',
    'param tags object\nparam more string',
    'modules/network.bicep needs the parameter more',
  ],
  [
    'an output that the module does not give',
    main,
    'storage.outputs.queueEndpoint',
    'storage.outputs.queueUrl',
    'modules/storage.bicep has no output queueUrl',
  ],
  [
    'an output that was taken away',
    module('workbook'),
    'output id string = workbook.id',
    '',
    'modules/workbook.bicep has no output id',
  ],
  [
    'a type that is not exported by that name',
    app,
    'import { opwatchSettings }',
    'import { opwatchSetting }',
    'settings.bicep has no opwatchSetting',
  ],
  [
    'a misspelled name',
    module('roles'),
    'principalId: consumer\n',
    'principalId: consumr\n',
    'nothing here is called consumr',
  ],
  [
    'a misspelled function',
    module('caller-auth'),
    'uri(environment()',
    'ury(environment()',
    'nothing here is called ury',
  ],
  [
    'a variable that nobody uses',
    app,
    'var httpConcurrency = 16',
    'var httpConcurrency = 16\nvar spare = 1',
    'nobody uses spare',
  ],
  [
    'a parameter that nobody uses',
    module('alerts'),
    'param emails string',
    'param emails string\nparam sms string',
    'nobody uses sms',
  ],
  [
    'a query that is not there',
    module('alerts'),
    'queries/poison.kql',
    'queries/poisson.kql',
    'queries/poisson.kql, which is not there',
  ],
  [
    'a workbook that is not there',
    module('workbook'),
    '../workbook.json',
    '../book.json',
    'infra/book.json, which is not there',
  ],
  [
    'a version of an API that does not exist',
    module('identity'),
    '@2024-11-30',
    '@2042-11-30',
    'version 2024-11-30 was looked up',
  ],
  [
    'a misspelled type of resource',
    'infra/graph/main.bicep',
    'Microsoft.Graph/appRoleAssignedTo',
    'Microsoft.Graph/appRolesAssignedTo',
    'a type that nobody looked up',
  ],
  ['a misspelled property', app, 'httpsOnly: true', 'httpOnly: true', 'nobody looked up properties.httpOnly'],
  [
    'a misspelled property in a list of choices',
    app,
    'instanceCount: alwaysReadyHttp',
    'instances: alwaysReadyHttp',
    'nobody looked up properties.functionAppConfig.scaleAndConcurrency.alwaysReady.instances',
  ],
  [
    'a misspelled property in a loop',
    module('network'),
    'groupIds: [service]',
    'groupId: [service]',
    'nobody looked up properties.privateLinkServiceConnections.properties.groupId',
  ],
  [
    'a misspelled name among callers',
    'infra/graph/callers.bicep',
    'resourceId: principal.id',
    'resourceId: principl.id',
    'nothing here is called principl',
  ],
];

const roles: readonly Fault[] = [
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

const settings: readonly Fault[] = [
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

const hardening: readonly Fault[] = [
  [
    'keys of storage',
    module('storage'),
    'allowSharedKeyAccess: false',
    'allowSharedKeyAccess: true',
    'properties.allowSharedKeyAccess must be false',
  ],
  [
    'public blobs',
    module('storage'),
    'allowBlobPublicAccess: false',
    'allowBlobPublicAccess: true',
    'properties.allowBlobPublicAccess must be false',
  ],
  [
    'a public container',
    module('storage'),
    "publicAccess: 'None'",
    "publicAccess: 'Blob'",
    "properties.publicAccess must be 'None'",
  ],
  ['old TLS', module('storage'), "'TLS1_2'", "'TLS1_0'", "properties.minimumTlsVersion must be 'TLS1_2'"],
  [
    'a private network with public storage',
    module('storage'),
    "isPrivate ? 'Disabled' : 'Enabled'",
    "'Enabled'",
    'properties.publicNetworkAccess must be',
  ],
  [
    'telemetry by key',
    module('monitoring'),
    'DisableLocalAuth: true',
    'DisableLocalAuth: false',
    'properties.DisableLocalAuth must be true',
  ],
  ['plain HTTP', app, 'httpsOnly: true', 'httpsOnly: false', 'properties.httpsOnly must be true'],
  [
    'FTP',
    app,
    "ftpsState: 'Disabled'",
    "ftpsState: 'AllAllowed'",
    "properties.siteConfig.ftpsState must be 'Disabled'",
  ],
  [
    'calls from any page',
    app,
    'allowedOrigins: []',
    "allowedOrigins: ['*']",
    'properties.siteConfig.cors.allowedOrigins must be []',
  ],
  [
    'remote debugging',
    app,
    'remoteDebuggingEnabled: false',
    'remoteDebuggingEnabled: true',
    'remoteDebuggingEnabled must be false',
  ],
  [
    'a publishing password',
    app,
    'properties: { allow: false }',
    'properties: { allow: true }',
    'properties.allow must be false',
  ],
  ['no policy for passwords of FTP', app, "name: 'ftp'", "name: 'scm'", 'no password for FTP'],
  ['no logs of the host', app, '  scope: app\n', '', 'logs of the host'],
  [
    'a setting of another plan in the site',
    app,
    'cors: { allowedOrigins: [] }',
    "cors: { allowedOrigins: [] }\n      linuxFxVersion: 'NODE|22'",
    'not for Flex Consumption',
  ],
  [
    'an open door beside the tokens',
    module('caller-auth'),
    "'Return401'",
    "'AllowAnonymous'",
    "unauthenticatedClientAction must be 'Return401'",
  ],
  [
    'no private endpoint for tables',
    module('network'),
    "['blob', 'queue', 'table']",
    "['blob', 'queue']",
    'a private endpoint for table',
  ],
  [
    'a key of storage in an output',
    module('storage'),
    'output name string = account.name',
    'output name string = account.listKeys().keys[0].value',
    'a secret, or what hands one out',
  ],
  [
    'an output that counts as a setting',
    main,
    'output API_URL',
    'output OPWATCH_API_URL',
    'would count as a setting',
  ],
];

const hostJson: readonly Fault[] = [
  [
    'the default of an idle queue',
    'host.json',
    '"maxPollingInterval": "00:00:02"',
    '"maxPollingInterval": "00:01:00"',
    'maxPollingInterval must be 1 to 5 seconds',
  ],
  [
    'a time that is too short for a sweep',
    'host.json',
    '"functionTimeout": "00:10:00"',
    '"functionTimeout": "00:03:00"',
    'functionTimeout must be 5 to 10 minutes',
  ],
  [
    'failed messages at once again',
    'host.json',
    '"visibilityTimeout": "00:00:10"',
    '"visibilityTimeout": "00:00:00"',
    'visibilityTimeout must be',
  ],
  [
    'another encoding',
    'host.json',
    '"messageEncoding": "base64"',
    '"messageEncoding": "none"',
    'messageEncoding must be base64',
  ],
];

const azd: readonly Fault[] = [
  ['a misspelled property', 'azure.yaml', 'language: js', 'langauge: js', '"additionalProperty":"langauge"'],
  [
    'a service that nobody provisions',
    'azure.yaml',
    '  opwatch:\n',
    '  api:\n',
    'no resource has the tag azd-service-name: api',
  ],
  ['another folder', 'azure.yaml', 'dist: dist/app', 'dist: dist', 'must deploy dist/app, not dist'],
  [
    'a build in the cloud',
    'azure.yaml',
    'remoteBuild: false',
    'remoteBuild: true',
    'must not be built in the cloud',
  ],
  [
    'a script that is not there',
    'azure.yaml',
    'npm ci && npm run package',
    'npm ci && npm run pack',
    'there is no script pack',
  ],
  [
    'a template that is not there',
    'azure.yaml',
    'module: main',
    'module: app',
    'infra/app.bicep is not there',
  ],
  ['a parameter that nobody gives', parameters, '"storageSku"', '"storageSkus"', 'storageSku is missing'],
  [
    'a parameter that nobody takes',
    parameters,
    '"storageSku"',
    '"storageSkus"',
    'infra/main.bicep has no parameter storageSkus',
  ],
  [
    'another default than the template',
    parameters,
    '${NODE_VERSION=22}',
    '${NODE_VERSION=24}',
    'nodeVersion is 24 by default, in infra/main.bicep 22',
  ],
  [
    'a variable without a default',
    parameters,
    '${ALERT_EMAILS=}',
    '${ALERT_EMAILS}',
    'alertEmails has no default',
  ],
  [
    'a list, which azd can not make',
    main,
    'param alertEmails string',
    'param alertEmails array',
    'azd makes no array of a text',
  ],
];

const queries: readonly Fault[] = [
  [
    'a metric that is not sent',
    'infra/queries/lateness.kql',
    'opwatch.sweep.lateness_ms',
    'opwatch.sweep.delay_ms',
    'no metric or span is called opwatch.sweep.delay_ms',
  ],
  [
    'an attribute that is not sent',
    'infra/queries/lost-share.kql',
    'Properties.state',
    'Properties.condition',
    'no attribute is called condition',
  ],
  [
    'a query that is not Kusto',
    'infra/queries/poison.kql',
    '| summarize',
    '| sumarize',
    'infra/queries/poison.kql: line',
  ],
  [
    'a column that the table lacks',
    'infra/queries/host-restarts.kql',
    'Message has_any',
    'Mesage has_any',
    "The name 'Mesage' does not refer to",
  ],
  [
    'a query without what is measured',
    'infra/queries/graph-refused.kql',
    'Measure =',
    'Value =',
    'graph-refused: its query gives no column Measure',
  ],
  [
    'an alert without its section',
    'docs/runbook.md',
    '## outbox-old',
    '## outbox',
    'docs/runbook.md has no section "## outbox-old"',
  ],
  [
    'an alert that asks another question',
    module('alerts'),
    '../queries/poison.kql',
    '../queries/lateness.kql',
    'poison: its query is lateness',
  ],
  [
    'a metric in the workbook that is not sent',
    'infra/workbook.json',
    "'opwatch.outbox.depth'",
    "'opwatch.outbox.length'",
    'infra/workbook.json outbox: no metric or span is called opwatch.outbox.length',
  ],
  ['a chart without a query', 'infra/workbook.json', '"query":', '"querry":', 'infra/workbook.json: '],
  [
    'two charts of one name',
    'infra/workbook.json',
    '"name": "outbox-age"',
    '"name": "outbox"',
    'two items are called outbox',
  ],
  [
    'a chart of a time that nobody chooses',
    'infra/workbook.json',
    '"timeContextFromParameter": "TimeRange"',
    '"timeContextFromParameter": "Time"',
    'there is no parameter Time',
  ],
  [
    'a log line in the runbook that is not written',
    'docs/runbook.md',
    "'outbox was not cleared'",
    "'outbox was full'",
    'no log line is called outbox was full',
  ],
  [
    'a metric that gets another name',
    'src/telemetry/names.ts',
    "'opwatch.sweeps'",
    "'opwatch.sweep.runs'",
    'sweep-silent.kql: no metric or span is called opwatch.sweeps',
  ],
];

const documents: readonly Fault[] = [
  [
    'a default that is no longer true',
    'docs/configuration.md',
    '`opwatch-sweeps`',
    '`sweeps`',
    'out of date',
  ],
];

const byCheck: readonly (readonly [string, Check, readonly Fault[]])[] = [
  ['bicep', checkBicep, bicep],
  ['roles', checkInfraRoles, roles],
  ['deployed settings', checkInfraSettings, settings],
  ['hardening', checkInfraHardening, hardening],
  ['host.json', checkHostJson, hostJson],
  ['azd', checkAzd, azd],
  ['queries', checkQueries, queries],
  ['configuration.md', checkConfigurationDocument, documents],
];

export const deploymentChecks = byCheck.map(([name, check]) => [name, check] as const);

export const faults = byCheck.flatMap(([name, check, list]) =>
  list.map(([fault, file, find, replace, says]) => ({ name, check, fault, file, find, replace, says })),
);
