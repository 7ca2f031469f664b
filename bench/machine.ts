// Where a run was made, and with which versions: without them its figures mean nothing.
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  /** How busy it was when the run began: above nothing, others were at work. */
  readonly load: number;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
};

const packages = [
  '@microsoft/microsoft-graph-client',
  '@azure/data-tables',
  '@azure/storage-queue',
  'undici',
  'azurite',
  '@azure/core-lro',
  'bullmq',
  'pg-boss',
];

export function readMachine(root: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    system: `${platform()} ${release().replace(/-.*/, '')} ${arch()}`,
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    node: process.version,
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(root, name)])),
  };
}

/** One line for people. */
export function machineLine({ cpu, cores, memoryGb, system, load, node }: Machine): string {
  return `${cpu} × ${cores}, ${memoryGb} GB, ${system}, load ${load} before the run, Node ${node}`;
}

function versionOf(root: string, name: string): string {
  const text = readFileSync(`${root}/node_modules/${name}/package.json`, 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
