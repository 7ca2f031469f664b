// What the operating system says of a process (Linux: /proc). No process is asked what it costs.
import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100;
const pageBytes = 4096;

/** CPU time so far (user and system) and resident memory. @throws Error when there is no such process. */
export function readProcess(pid: number): { readonly cpuMs: number; readonly residentBytes: number } {
  const fields = fieldsOf(pid);
  return { cpuMs: ticksMs(fields, [11, 12]), residentBytes: Number(fields[21]) * pageBytes };
}

/** Null when there is no such process on this machine. */
export function processTimes(
  pid: number,
): { readonly parentPid: number; readonly cpuMs: number; readonly endedChildrenCpuMs: number } | null {
  try {
    const fields = fieldsOf(pid);
    const [cpuMs, endedChildrenCpuMs] = [ticksMs(fields, [11, 12]), ticksMs(fields, [13, 14])];
    return { parentPid: Number(fields[1]), cpuMs, endedChildrenCpuMs };
  } catch {
    return null; // it ended meanwhile, or runs elsewhere
  }
}

/** CPU time of a process and all its children, also those that have ended. */
export function treeCpuMs(pid: number): number {
  const own = processTimes(pid);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processTimes(Number(name)) ?? [])
    .filter(({ parentPid }) => parentPid === pid);
  return (
    (own?.cpuMs ?? 0) + (own?.endedChildrenCpuMs ?? 0) + children.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
  );
}

/** After the name, which may have spaces and brackets: state is the first. */
function fieldsOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function ticksMs(fields: readonly string[], places: readonly number[]): number {
  return (places.reduce((sum, place) => sum + Number(fields[place]), 0) * 1000) / ticksPerSecond;
}
