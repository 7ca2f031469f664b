// Stands in the place of src/domain/crash-point.ts in a test build: the process dies at the hit of the point that
// FAILPOINT names, `S9:3:kill`. With a time behind it, `S7:1:kill:5`, it dies so many milliseconds later: what it was just
// about to send is then under way.
import { writeSync } from 'node:fs';
import type { CrashPoint } from '../../../src/domain/crash-point.ts';

const [point = '', hit = '1', action = 'kill', delayMs = ''] = (process.env['FAILPOINT'] ?? '').split(':');
/** `abort` is how Node ends when its memory is full. */
const signals: Readonly<Record<string, NodeJS.Signals>> = {
  kill: 'SIGKILL',
  abort: 'SIGABRT',
  stop: 'SIGTERM',
};
const signal = signals[action] ?? 'SIGKILL';
let hits = 0;

export function crashPoint(...names: readonly CrashPoint[]): void {
  if (!names.some((name) => name === point)) return;
  hits += 1;
  if (hits !== Number(hit)) return;
  writeSync(2, `reached ${point} for the ${hit}. time\n`);
  if (delayMs === '') die();
  else setTimeout(die, Number(delayMs));
}

function die(): void {
  process.kill(process.pid, signal);
  // Nothing of ours runs any more, should the signal take its time. A stop is heard by whoever listens for it.
  if (signal !== 'SIGTERM') for (;;);
}
