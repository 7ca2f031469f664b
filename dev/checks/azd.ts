// What the Azure Developer CLI reads fits together: azure.yaml is of its schema and leads to files and scripts that are
// there, and main.parameters.json gives main.bicep what it asks for, with the same defaults.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { parse } from 'yaml';
import schema from '../azd/azure-yaml.schema.json' with { type: 'json' };
import { type BicepFile, type Parameter, readBicepFiles } from '../bicep/file.ts';
import { literalOf, propertiesOf, valueAt } from '../bicep/syntax.ts';
import { packageFolder } from '../package-files.ts';
import type { Outcome } from './outcome.ts';

const parameterFile = 'infra/main.parameters.json';
/** What azd itself knows. Everything else needs a default, for nobody is asked. */
const fromAzd: Readonly<Record<string, string>> = {
  environmentName: 'AZURE_ENV_NAME',
  location: 'AZURE_LOCATION',
};

type AzureYaml = {
  readonly infra: { readonly path: string; readonly module: string };
  readonly services: Readonly<
    Record<
      string,
      {
        readonly host: string;
        readonly dist?: string;
        readonly remoteBuild?: boolean;
        readonly hooks?: Readonly<Record<string, { readonly run: string }>>;
      }
    >
  >;
};
type Parameters = Readonly<Record<string, { readonly value: unknown }>>;
const validate = new Ajv({ allErrors: true }).compile(schema);

export async function checkAzd(root: string): Promise<Outcome> {
  const text = await readFile(join(root, 'azure.yaml'), 'utf8').catch(() => null);
  if (text === null) return { problems: ['azure.yaml is missing'], seen: 'nothing' };
  const files = await readBicepFiles(root);
  const main = files.find(({ path }) => path === 'infra/main.bicep');
  const { parameters } = JSON.parse(await readFile(join(root, parameterFile), 'utf8')) as {
    readonly parameters: Parameters;
  };
  return {
    problems: [
      ...(await yamlProblems(root, parse(text), files)),
      ...(main === undefined ? ['infra/main.bicep is missing'] : mainProblems(main, parameters)),
    ],
    seen: `${Object.keys(parameters).length} parameters`,
  };
}

async function yamlProblems(
  root: string,
  yaml: unknown,
  files: readonly BicepFile[],
): Promise<readonly string[]> {
  if (!validate(yaml)) return (validate.errors ?? []).map(schemaProblem);
  const { infra, services } = yaml as AzureYaml;
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const template = `${infra.path}/${infra.module}.bicep`;
  const tagged = new Set(files.flatMap(serviceTags));
  return [
    ...(existsSync(join(root, template)) ? [] : [`azure.yaml: ${template} is not there`]),
    ...Object.entries(services).flatMap(([name, { host, dist, remoteBuild, hooks = {} }]) => [
      ...(tagged.has(name) ? [] : [`azure.yaml: no resource has the tag azd-service-name: ${name}`]),
      ...(host === 'function' ? [] : [`azure.yaml: ${name} is for functions, not for ${host}`]),
      ...(dist === packageFolder ? [] : [`azure.yaml: ${name} must deploy ${packageFolder}, not ${dist}`]),
      ...(remoteBuild === false ? [] : [`azure.yaml: ${name} must not be built in the cloud`]),
      ...Object.values(hooks)
        .flatMap(({ run }) => [...run.matchAll(/npm run (?:--silent )?([a-z:]+)/g)])
        .filter(([, script = '']) => !(script in scripts))
        .map(([, script]) => `azure.yaml: there is no script ${script}`),
    ]),
  ];
}

function schemaProblem({ instancePath, message = '', params }: ErrorObject): string {
  return `azure.yaml: ${instancePath || '/'} ${message} ${JSON.stringify(params)}`;
}

/** Values of `azd-service-name` among the tags of resources. */
function serviceTags({ resources }: BicepFile): readonly string[] {
  return resources.flatMap(({ body }) =>
    [...(valueAt(body, ['tags'])?.text ?? '').matchAll(/'azd-service-name': '([^']+)'/g)].map(
      ([, name]) => name ?? '',
    ),
  );
}

/** azd finds its resource group by a tag. */
function mainProblems(main: BicepFile, given: Parameters): readonly string[] {
  const tag = propertiesOf(main.variables.get('tags') ?? null).find(([name]) => name === 'azd-env-name');
  const isTagged = tag?.[1].text === 'environmentName';
  return [
    ...(isTagged ? [] : ['infra/main.bicep: tags must have azd-env-name: environmentName']),
    ...parameterProblems(main, given),
  ];
}

/** Pure: what main.bicep asks for against what the file gives. */
function parameterProblems(main: BicepFile, given: Parameters): readonly string[] {
  const known = new Set(main.parameters.map(({ name }) => name));
  return [
    ...Object.keys(given)
      .filter((name) => !known.has(name))
      .map((name) => `${parameterFile}: infra/main.bicep has no parameter ${name}`),
    ...main.parameters.flatMap((parameter) => valueProblems(parameter, given[parameter.name]?.value)),
  ];
}

function valueProblems({ name, type, fallback }: Parameter, value: unknown): readonly string[] {
  const at = `${parameterFile}: ${name}`;
  if (value === undefined) return [`${at} is missing`];
  if (typeof value !== 'string') return []; // of the settings, each is looked at by its own check
  const [, variable = '', , text] = /^\$\{([A-Z_]+)(=([^}]*))?\}$/.exec(value) ?? [];
  if (variable === '') return [`${at} must be "\${VARIABLE=default}"`];
  if (name in fromAzd)
    return variable === fromAzd[name] ? [] : [`${at} must come from ${fromAzd[name]}, which azd knows`];
  if (text === undefined) return [`${at} has no default, so azd would refuse it`];
  const wanted = literalOf(fallback) ?? fallback?.text;
  if (text !== wanted) return [`${at} is ${text} by default, in infra/main.bicep ${wanted}`];
  return ['string', 'int', 'bool'].includes(type) ? [] : [`${at}: azd makes no ${type} of a text`];
}
