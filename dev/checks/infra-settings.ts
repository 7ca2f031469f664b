// What the app reads and what the deployment sets are the same names, both ways, and where both have a default it is
// the same one.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { settingNames, settings, storageSettings } from '../../src/config/settings.ts';
import { type BicepFile, readBicepFiles } from '../bicep/file.ts';
import { literalOf, propertiesOf, valueAt } from '../bicep/syntax.ts';
import type { Outcome } from './outcome.ts';

const app = 'infra/modules/function-app.bicep';
const types = 'infra/modules/settings.bicep';
const main = 'infra/main.bicep';
const storage = 'infra/modules/storage.bicep';
const parameterFile = 'infra/main.parameters.json';

/** Settings that a deployment leaves alone, each with its reason. */
const leftOut: Readonly<Record<string, string>> = {
  OPWATCH_STATIC_TOKEN: 'only for a Graph on loopback',
  OPWATCH_STORAGE: 'a connection string, and keys are off; AzureWebJobsStorage__… names the account',
  ...Object.fromEntries(
    Object.keys(storageSettings).map((suffix) => [
      `OPWATCH_STORAGE${suffix}`,
      'host and app share the account of AzureWebJobsStorage__…',
    ]),
  ),
};

/** Parameters of main.bicep whose default is that of a setting, because more than the app needs the name. */
const namedResources = {
  OPWATCH_TABLE: 'tableName',
  OPWATCH_TRANSITIONS_QUEUE: 'transitionsQueueName',
  OPWATCH_SWEEPS_QUEUE: 'sweepsQueueName',
} as const;

/** Settings that are secrets, and the parameters that carry them from azd to the app. */
const secretSettings: Readonly<Record<string, string>> = {
  OPWATCH_NOTIFICATIONS_CLIENT_STATE: 'notificationsClientState',
};

/** Values on which the code or the cost rests, as they stand in the file. */
const fixedValues: Readonly<Record<string, string>> = {
  AzureWebJobsStorage__credential: "'managedidentity'",
  OPWATCH_CREDENTIAL: "'managedIdentity'",
  'AzureWebJobs.sweepShard.Disabled': "hasOneShard ? 'true' : ''",
  AzureFunctionsJobHost__extensions__queues__messageEncoding: "encoding == 'text' ? 'none' : ''",
  APPLICATION_INSIGHTS_NO_STATSBEAT: "'true'",
};

/** On Flex Consumption each of these stops or breaks a deployment; the platform has properties for them. */
const forbidden = [
  'AzureWebJobsStorage',
  'FUNCTIONS_EXTENSION_VERSION',
  'FUNCTIONS_WORKER_RUNTIME',
  'WEBSITE_CONTENTAZUREFILECONNECTIONSTRING',
  'WEBSITE_CONTENTSHARE',
  'WEBSITE_NODE_DEFAULT_VERSION',
  'WEBSITE_RUN_FROM_PACKAGE',
  'WEBSITE_TIME_ZONE',
];

export async function checkInfraSettings(root: string): Promise<Outcome> {
  const files = new Map((await readBicepFiles(root)).map((file) => [file.path, file]));
  const missing = [app, types, main, storage].filter((path) => !files.has(path));
  if (missing.length > 0) return { problems: missing.map((path) => `${path} is missing`), seen: 'nothing' };
  const set = setByDeployment(files);
  return {
    problems: [
      ...settingProblems(settingNames, set),
      ...forbidden.filter((name) => set.has(name)).map((name) => `${app}: ${name} must not be set`),
      ...valueProblems(files),
      ...defaultProblems(files),
      ...secretProblems(files),
      ...(await parameterProblems(root, files)),
    ],
    seen: `${set.size} settings`,
  };
}

/** @param read what the code reads. @param set what the deployment sets or lets an operator set. */
export function settingProblems(read: readonly string[], set: ReadonlySet<string>): readonly string[] {
  const known = new Set(read);
  const own = [...set].filter((name) => name.startsWith('OPWATCH_'));
  return [
    ...read
      .filter((name) => !set.has(name) && !(name in leftOut))
      .map((name) => `${app}: does not set ${name}`),
    ...own.filter((name) => !known.has(name)).map((name) => `${app}: sets ${name}, which nothing reads`),
    ...own.filter((name) => name in leftOut).map((name) => `${app}: sets ${name} (${leftOut[name]})`),
    ...Object.keys(leftOut)
      .filter((name) => !known.has(name))
      .map((name) => `${name} is left out of the deployment, and nothing reads it`),
  ];
}

function setByDeployment(files: ReadonlyMap<string, BicepFile>): ReadonlySet<string> {
  return new Set([...givenSettings(files).map(([name]) => name), ...chosenSettings(files)]);
}

/** Those that no operator chooses. */
function givenSettings(files: ReadonlyMap<string, BicepFile>): ReturnType<typeof propertiesOf> {
  const variables = files.get(app)?.variables;
  return ['hostSettings', 'appSettings'].flatMap((name) => propertiesOf(variables?.get(name) ?? null));
}

function valueProblems(files: ReadonlyMap<string, BicepFile>): readonly string[] {
  const found = new Map(givenSettings(files).map(([name, { text }]) => [name, text]));
  return Object.entries(fixedValues)
    .filter(([name, value]) => found.get(name) !== value)
    .map(([name, value]) => `${app}: ${name} must be ${value}`);
}

/** What the type of main.bicep's parameter `settings` names. */
function chosenSettings(files: ReadonlyMap<string, BicepFile>): readonly string[] {
  return propertiesOf(files.get(types)?.types.get('opwatchSettings') ?? null).map(([name]) => name);
}

/** Table and queues: the same names in the code, in main.bicep, and among the resources of storage. */
function defaultProblems(files: ReadonlyMap<string, BicepFile>): readonly string[] {
  return Object.entries(namedResources).flatMap(([name, parameter]) => {
    const { fallback } = settings[name as keyof typeof namedResources];
    const found = files.get(main)?.parameters.find((one) => one.name === parameter);
    const isDeclared = files
      .get(storage)
      ?.resources.some(({ body, isExisting }) => !isExisting && valueAt(body, ['name'])?.text === parameter);
    return [
      ...(literalOf(found?.fallback ?? null) === fallback
        ? []
        : [`${main}: ${parameter} must be '${fallback}' by default, as ${name}`]),
      ...(isDeclared === true ? [] : [`${storage}: declares nothing named ${parameter} (${name})`]),
    ];
  });
}

/** On its whole way a secret is a secure parameter, which is not shown among a deployment's inputs. */
function secretProblems(files: ReadonlyMap<string, BicepFile>): readonly string[] {
  const open = chosenSettings(files).filter((name) => name in secretSettings);
  return [
    ...open.map((name) => `${types}: ${name} is a secret, and this is shown with every deployment`),
    ...[main, app].flatMap((path) =>
      Object.values(secretSettings)
        .filter(
          (wanted) => !files.get(path)?.parameters.some(({ name, isSecure }) => name === wanted && isSecure),
        )
        .map((wanted) => `${path}: ${wanted} must be a parameter that is @secure()`),
    ),
  ];
}

type ParameterFile = { readonly parameters: Readonly<Record<string, { readonly value: unknown }>> };

/** azd fills `${NAME=default}` from its environment; what we call by the app's name gets the app's name there. */
async function parameterProblems(
  root: string,
  files: ReadonlyMap<string, BicepFile>,
): Promise<readonly string[]> {
  const { parameters } = JSON.parse(await readFile(join(root, parameterFile), 'utf8')) as ParameterFile;
  const given = (parameters['settings']?.value ?? {}) as Readonly<Record<string, unknown>>;
  const wanted = chosenSettings(files);
  return [
    ...wanted
      .filter((name) => given[name] !== `\${${name}=}`)
      .map((name) => `${parameterFile}: settings.${name} must be "\${${name}=}"`),
    ...Object.keys(given)
      .filter((name) => !wanted.includes(name))
      .map((name) => `${parameterFile}: settings.${name} is not in ${types}`),
    ...Object.entries({ ...namedResources, ...secretSettings })
      .filter(([name, parameter]) => !String(parameters[parameter]?.value).startsWith(`\${${name}=`))
      .map(([name, parameter]) => `${parameterFile}: ${parameter} must come from ${name}`),
  ];
}
