// Nobody gets a role by a number that was mistyped, and nobody gets one that is not meant to be given here.
import { type BicepFile, readBicepFiles } from '../bicep/file.ts';
import { literalOf, nodesBelow, propertiesOf, valueAt } from '../bicep/syntax.ts';
import type { Outcome } from './outcome.ts';

/** Built-in roles that our files may give. @see "Azure built-in roles" */
const builtInRoles: Readonly<Record<string, string>> = {
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88',
  storageQueueDataMessageProcessor: '8a0f0c08-91a1-4084-bc3d-661d67233fed',
  storageQueueDataMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a',
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb',
  logAnalyticsReader: '73c42c96-874c-492b-b04d-ab87d138a893',
};

/** On what a role may be given: nothing wider than the resource that needs it. */
const widestScope: Readonly<Record<string, readonly string[]>> = {
  storageBlobDataOwner: ['Microsoft.Storage/storageAccounts'],
  storageQueueDataContributor: ['Microsoft.Storage/storageAccounts/queueServices/queues'],
  storageQueueDataMessageProcessor: ['Microsoft.Storage/storageAccounts/queueServices/queues'],
  storageQueueDataMessageSender: ['Microsoft.Storage/storageAccounts/queueServices/queues'],
  storageTableDataContributor: ['Microsoft.Storage/storageAccounts'],
  monitoringMetricsPublisher: ['Microsoft.Insights/components'],
  logAnalyticsReader: ['Microsoft.OperationalInsights/workspaces'],
};

const assignmentType = 'Microsoft.Authorization/roleAssignments';
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function checkInfraRoles(root: string): Promise<Outcome> {
  const files = await readBicepFiles(root);
  const assignments = files.flatMap((file) => file.resources.filter(({ type }) => type === assignmentType));
  return {
    problems: [
      ...(assignments.length === 0 ? ['infra/: nobody is given a role'] : []),
      ...files.flatMap((file) => [...tableProblems(file), ...assignmentProblems(file)]),
    ],
    seen: `${assignments.length} assignments`,
  };
}

/** The file's own table of roles, by name, says what the table above says. */
function tableProblems(file: BicepFile): readonly string[] {
  return propertiesOf(file.variables.get('roleIds') ?? null).flatMap(([name, value]) => {
    const id = literalOf(value) ?? value.text;
    if (!(name in builtInRoles)) return [`${file.path}: ${name} is no role that may be given`];
    return builtInRoles[name] === id ? [] : [`${file.path}: ${name} is ${builtInRoles[name]}, not ${id}`];
  });
}

function assignmentProblems(file: BicepFile): readonly string[] {
  return file.resources
    .filter(({ type }) => type === assignmentType)
    .flatMap(({ symbol, body, line }) => {
      const at = `${file.path}:${line}: ${symbol}`;
      const definition = valueAt(body, ['properties', 'roleDefinitionId']);
      const [, role = ''] = /\broleIds\.(\w+)/.exec(definition?.text ?? '') ?? [];
      const scope = file.resources.find((one) => one.symbol === valueAt(body, ['scope'])?.text);
      const named = valueAt(body, ['name'])?.text ?? '';
      return [
        ...(role in builtInRoles &&
        definition?.text ===
          `subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.${role})`
          ? []
          : [`${at}: its role is not from roleIds`]),
        // Without it a new identity that the directory does not know everywhere yet is refused.
        ...([undefined, "'ServicePrincipal'"].includes(valueAt(body, ['properties', 'principalType'])?.text)
          ? []
          : [`${at}: its principalType must be 'ServicePrincipal', or none`]),
        ...(definition !== null && hasGuid(definition) ? [`${at}: a number in place of a name`] : []),
        ...((widestScope[role] ?? []).includes(scope?.type ?? '')
          ? []
          : [`${at}: ${role || 'its role'} is given on ${scope?.type ?? 'too much'}`]),
        // The same role on another resource, or for somebody else, must not get the same name.
        ...(named.startsWith(`guid(${scope?.symbol}.id, `) &&
        /, \w+, roleIds\.\w+\)$/.test(named) &&
        named.endsWith(`.${role})`)
          ? []
          : [`${at}: its name must be made of resource, principal and role`]),
      ];
    });
}

function hasGuid(node: Parameters<typeof nodesBelow>[0]): boolean {
  return [...nodesBelow(node)].some((one) => guid.test(literalOf(one) ?? ''));
}
