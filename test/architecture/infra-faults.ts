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
import { azdFaults, documentFaults } from './faults/azd-faults.ts';
import { bicepFaults } from './faults/bicep-faults.ts';
import type { Fault } from './faults/fault.ts';
import { hardeningFaults, hostJsonFaults } from './faults/hardening-faults.ts';
import { queryFaults } from './faults/query-faults.ts';
import { roleFaults, settingFaults } from './faults/role-and-setting-faults.ts';

const byCheck: readonly (readonly [string, Check, readonly Fault[]])[] = [
  ['bicep', checkBicep, bicepFaults],
  ['roles', checkInfraRoles, roleFaults],
  ['deployed settings', checkInfraSettings, settingFaults],
  ['hardening', checkInfraHardening, hardeningFaults],
  ['host.json', checkHostJson, hostJsonFaults],
  ['azd', checkAzd, azdFaults],
  ['queries', checkQueries, queryFaults],
  ['configuration.md', checkConfigurationDocument, documentFaults],
];

export const deploymentChecks = byCheck.map(([name, check]) => [name, check] as const);

export const faults = byCheck.flatMap(([name, check, list]) =>
  list.map(([fault, file, find, replace, says]) => ({ name, check, fault, file, find, replace, says })),
);
