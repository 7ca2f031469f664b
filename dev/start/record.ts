// What `npm start` notes down of itself while it runs, so that `npm run doctor` in another terminal finds it without
// being told: one file a process below .opwatch/, of which those of ended processes count for nothing.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const record = z.object({
  pid: z.number().int().positive(),
  url: z.url(),
  startedAtMs: z.number(),
  /** Those that it gave the host, over what the host finds by itself. */
  settings: z.record(z.string(), z.string()),
});
export type StartRecord = z.infer<typeof record>;

const folder = '.opwatch/started';

/** Also takes away what ended processes have left. */
export async function writeRecord(root: string, started: StartRecord): Promise<void> {
  await mkdir(join(root, folder), { recursive: true });
  for (const pid of await pidsIn(root)) if (!isAlive(pid)) await removeRecord(root, pid);
  await writeFile(pathOf(root, started.pid), JSON.stringify(started), { mode: 0o600 });
}

export async function removeRecord(root: string, pid: number): Promise<void> {
  await rm(pathOf(root, pid), { force: true });
}

/** Of the process that was started last and still runs; null when none does. */
export async function readRecord(root: string): Promise<StartRecord | null> {
  const running = (await pidsIn(root)).filter(isAlive);
  const records = await Promise.all(running.map((pid) => readOne(root, pid)));
  return (
    records
      .filter((one) => one !== null)
      .toSorted((a, b) => a.startedAtMs - b.startedAtMs)
      .at(-1) ?? null
  );
}

async function readOne(root: string, pid: number): Promise<StartRecord | null> {
  try {
    return record.parse(JSON.parse(await readFile(pathOf(root, pid), 'utf8')));
  } catch {
    return null; // it ended meanwhile, or is writing: as if it were not there
  }
}

async function pidsIn(root: string): Promise<readonly number[]> {
  const names = await readdir(join(root, folder)).catch(() => []); // nothing was ever started here
  return names.flatMap((name) => Number(/^(\d+)\.json$/.exec(name)?.[1] ?? Number.NaN) || []);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // asks, and ends nobody
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's, and alive
  }
}

function pathOf(root: string, pid: number): string {
  return join(root, folder, `${pid}.json`);
}
