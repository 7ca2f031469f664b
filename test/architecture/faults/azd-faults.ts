// What azd would stumble over, and a document that is out of date.
import { type Fault, main, parameters } from './fault.ts';

export const azdFaults: readonly Fault[] = [
  ['a group that azd would not find', main, "'azd-env-name'", "'azd-env'", 'tags must have azd-env-name'],
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

export const documentFaults: readonly Fault[] = [
  [
    'a default that is no longer true',
    'docs/configuration.md',
    '`opwatch-sweeps`',
    '`sweeps`',
    'out of date',
  ],
];
