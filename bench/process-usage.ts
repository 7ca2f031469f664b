// What the operating system says of a process.
import { readFileSync } from 'node:fs';

const ticksPerSecond = 100;
const pageBytes = 4096;

/** CPU time so far (user and system) and resident memory. */
export function readProcess(pid: number): { readonly cpuMs: number; readonly residentBytes: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { cpuMs: (ticks * 1000) / ticksPerSecond, residentBytes: Number(fields[21]) * pageBytes };
}
