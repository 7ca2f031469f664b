// What makes the deployment safe stands in its text: nobody has a key, nothing is public that need not be, what the
// platform logs is kept. Needs no compiler: the assertions are about literals.
import { openApiDocument } from '../../src/http/openapi.ts';
import { type BicepFile, type Resource, readBicepFiles } from '../bicep/file.ts';
import { valueAt } from '../bicep/syntax.ts';
import type { Outcome } from './outcome.ts';

type Rule = { readonly type: string; readonly path: string; readonly text: string };

/** Each holds for every resource of its type that we declare. */
const rules: readonly Rule[] = [
  ...[
    ['allowSharedKeyAccess', 'false'],
    ['allowBlobPublicAccess', 'false'],
    ['allowCrossTenantReplication', 'false'],
    ['defaultToOAuthAuthentication', 'true'],
    ['minimumTlsVersion', "'TLS1_2'"],
    ['supportsHttpsTrafficOnly', 'true'],
    ['publicNetworkAccess', "isPrivate ? 'Disabled' : 'Enabled'"],
    ['networkAcls.defaultAction', "isPrivate ? 'Deny' : 'Allow'"],
  ].map(([path = '', text = '']) => ({
    type: 'Microsoft.Storage/storageAccounts',
    path: `properties.${path}`,
    text,
  })),
  { type: 'Microsoft.Storage/storageAccounts', path: 'kind', text: "'StorageV2'" },
  { type: 'Microsoft.Storage/storageAccounts', path: 'properties.networkAcls.bypass', text: "'None'" },
  ...['blob', 'queue', 'table'].map((service) => ({
    type: `Microsoft.Storage/storageAccounts/${service}Services`,
    path: 'name',
    text: "'default'",
  })),
  {
    type: 'Microsoft.Storage/storageAccounts/blobServices/containers',
    path: 'properties.publicAccess',
    text: "'None'",
  },
  ...[
    ['DisableLocalAuth', 'true'],
    // Addresses of callers are cut off before anything is kept.
    ['DisableIpMasking', 'false'],
    ['IngestionMode', "'LogAnalytics'"],
  ].map(([path = '', text = '']) => ({
    type: 'Microsoft.Insights/components',
    path: `properties.${path}`,
    text,
  })),
  ...['disableLocalAuth', 'enableLogAccessUsingOnlyResourcePermissions'].map((feature) => ({
    type: 'Microsoft.OperationalInsights/workspaces',
    path: `properties.features.${feature}`,
    text: 'true',
  })),
  ...[
    ['identity.type', "'UserAssigned'"],
    ['kind', "'functionapp,linux'"],
    ['properties.functionAppConfig.deployment.storage.type', "'blobContainer'"],
    ['properties.functionAppConfig.runtime.name', "'node'"],
    ['properties.siteConfig.scmIpSecurityRestrictionsUseMain', 'false'],
    ['properties.httpsOnly', 'true'],
    ['properties.sshEnabled', 'false'],
    ['properties.functionAppConfig.deployment.storage.authentication.type', "'UserAssignedIdentity'"],
    ['properties.siteConfig.cors.allowedOrigins', '[]'],
    ['properties.siteConfig.ftpsState', "'Disabled'"],
    ['properties.siteConfig.minTlsVersion', "'1.2'"],
    ['properties.siteConfig.scmMinTlsVersion', "'1.2'"],
    ['properties.siteConfig.remoteDebuggingEnabled', 'false'],
    ['properties.siteConfig.ipSecurityRestrictionsDefaultAction', "empty(callers) ? 'Allow' : 'Deny'"],
    ['properties.siteConfig.scmIpSecurityRestrictionsDefaultAction', "empty(deployers) ? 'Allow' : 'Deny'"],
  ].map(([path = '', text = '']) => ({ type: 'Microsoft.Web/sites', path, text })),
  { type: 'Microsoft.Web/sites/basicPublishingCredentialsPolicies', path: 'properties.allow', text: 'false' },
  // What makes a plan one of Flex Consumption; anything else would cost or scale otherwise.
  ...[
    ['kind', "'functionapp'"],
    ['sku.tier', "'FlexConsumption'"],
    ['sku.name', "'FC1'"],
    ['properties.reserved', 'true'],
  ].map(([path = '', text = '']) => ({ type: 'Microsoft.Web/serverfarms', path, text })),
  ...['privateDnsZones', 'privateDnsZones/virtualNetworkLinks'].map((name) => ({
    type: `Microsoft.Network/${name}`,
    path: 'location',
    text: "'global'",
  })),
  ...[
    ['platform.enabled', 'true'],
    ['globalValidation.requireAuthentication', 'true'],
    ['globalValidation.unauthenticatedClientAction', "'Return401'"],
    ['globalValidation.excludedPaths', 'openPaths'],
    ['httpSettings.requireHttps', 'true'],
    ['identityProviders.azureActiveDirectory.enabled', 'true'],
    ['identityProviders.azureActiveDirectory.registration.clientId', 'audience'],
    ['identityProviders.azureActiveDirectory.validation.allowedAudiences', '[audience]'],
    ['login.tokenStore.enabled', 'false'],
  ].map(([path = '', text = '']) => ({
    type: 'Microsoft.Web/sites/config',
    path: `properties.${path}`,
    text,
  })),
];

/** Resources that have to be there, told by type and by a text in their body. */
const required: readonly { readonly type: string; readonly says: string; readonly why: string }[] = [
  {
    type: 'Microsoft.Web/sites/basicPublishingCredentialsPolicies',
    says: "name: 'ftp'",
    why: 'no password for FTP',
  },
  {
    type: 'Microsoft.Web/sites/basicPublishingCredentialsPolicies',
    says: "name: 'scm'",
    why: 'no password to deploy',
  },
  {
    type: 'Microsoft.Web/sites/config',
    says: "parent: app\n  name: 'authsettingsV2'",
    why: 'the platform’s check of tokens',
  },
  { type: 'Microsoft.Insights/diagnosticSettings', says: 'scope: app', why: 'logs of the host' },
  { type: 'Microsoft.Insights/diagnosticSettings', says: 'scope: queues', why: 'logs of the queues' },
  ...['blob', 'queue', 'table'].map((service) => ({
    type: 'Microsoft.Network/privateEndpoints',
    says: service,
    why: `a private endpoint for ${service}`,
  })),
];

/** What hands out a key, or is one. */
const secrets =
  /\blist(Keys|Secrets|AccountSas|ServiceSas|HostKeys?)\b|AccountKey=|SharedAccess(Key|Signature)|\bsig=|client_?secret|\bpassword\s*:/i;
/** Consumption's way to say things that Flex Consumption has properties for. */
const otherPlans = /\b(linuxFxVersion|alwaysOn|javaVersion|netFrameworkVersion|preWarmedInstanceCount)\b/;

export async function checkInfraHardening(root: string): Promise<Outcome> {
  const files = await readBicepFiles(root);
  return {
    problems: [
      ...files.flatMap((file) => [...ruleProblems(file), ...textProblems(file), ...outputProblems(file)]),
      ...missingProblems(files),
      ...files.flatMap(openPathProblems),
    ],
    seen: `${rules.length} rules, ${required.length} resources`,
  };
}

function ruleProblems(file: BicepFile): readonly string[] {
  return declared(file).flatMap(({ type, symbol, body, line }) =>
    rules
      .filter((rule) => rule.type === type)
      .filter((rule) => valueAt(body, rule.path.split('.'))?.text.replaceAll(/\s+/g, ' ') !== rule.text)
      .map((rule) => `${file.path}:${line}: ${symbol}: ${rule.path} must be ${rule.text}`),
  );
}

function missingProblems(files: readonly BicepFile[]): readonly string[] {
  const missing = required.filter(
    ({ type, says }) =>
      !files.some((file) =>
        declared(file).some((one) => one.type === type && bodyOf(file, one).includes(says)),
      ),
  );
  return [
    ...missing.map(({ type, why }) => `infra/: ${type} is missing: ${why}`),
    ...[...new Set(rules.map(({ type }) => type))]
      .filter((type) => !files.some((file) => declared(file).some((one) => one.type === type)))
      .map((type) => `infra/: ${type} is missing`),
  ];
}

type Operation = { readonly security?: readonly object[] };
const { paths } = openApiDocument() as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
/** Routes that ask callers for neither key nor token: probes, the document, and news, which prove themselves. */
const openRoutes = Object.entries(paths)
  .filter(([, operations]) => Object.values(operations).some(({ security }) => security !== undefined))
  .map(([path]) => `'${path}'`);

/** One too few keeps Graph's news out; one too many lets anybody past the platform. */
function openPathProblems({ path, variables }: BicepFile): readonly string[] {
  const list = variables.get('openPaths')?.text;
  if (list === undefined) return [];
  const open: readonly string[] = list.match(/'[^']*'/g) ?? [];
  return [
    ...openRoutes.filter((route) => !open.includes(route)).map((route) => `${path}: ${route} has to be open`),
    ...open
      .filter((route) => !openRoutes.includes(route))
      .map((route) => `${path}: ${route} must not be open`),
  ];
}

/** With the list that a loop goes through. */
function bodyOf(file: BicepFile, { body }: Resource): string {
  const [, list = ''] = /^\[for \(?\w+(?:, \w+\))? in (\w+):/.exec(body.text) ?? [];
  return `${body.text}\n${file.variables.get(list)?.text ?? ''}`;
}

function textProblems(file: BicepFile): readonly string[] {
  return file.text.split('\n').flatMap((line, index) => {
    const code = line.replace(/^\s*\/\/.*/, '');
    return [
      ...(secrets.test(code) ? [`${file.path}:${index + 1}: a secret, or what hands one out`] : []),
      ...(otherPlans.test(code) ? [`${file.path}:${index + 1}: not for Flex Consumption`] : []),
    ];
  });
}

/** azd writes outputs into its environment, where the app would refuse to start for an OPWATCH_ variable it doesn't know. */
function outputProblems(file: BicepFile): readonly string[] {
  return [...file.outputs.keys()]
    .filter((name) => name.startsWith('OPWATCH_'))
    .map((name) => `${file.path}: the output ${name} would count as a setting`);
}

function declared(file: BicepFile): readonly Resource[] {
  return file.resources.filter(({ isExisting }) => !isExisting);
}
