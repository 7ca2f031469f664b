// Loads the built app as the worker does: core API first, then every file that `main` names, then the appStart hooks.
// Only then are the functions known.
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { createCoreApi, provideCoreApi, type Registry } from './core-api.ts';
import type { ProgrammingModel } from './core-types.ts';
import type { HostLog } from './log.ts';
import { RefusedError, readJson } from './settings.ts';

export type LoadedApp = {
  readonly registry: Registry;
  readonly model: ProgrammingModel;
  /** Of appStart and appTerminate; the library shows it to their hooks as hookData. */
  readonly appHookData: Record<string, unknown>;
  readonly unload: () => void;
};

const packageJson = z.object({ main: z.string().min(1) });

/** @throws whatever the app throws while it loads or in an appStart hook; RefusedError when there is no app. */
export async function loadApp(appDir: string, log: HostLog): Promise<LoadedApp> {
  const files = await entryFiles(appDir);
  const { api, registry } = createCoreApi(log);
  const unload = provideCoreApi(api);
  try {
    for (const file of files) await import(pathToFileURL(file).href);
    const appHookData: Record<string, unknown> = {};
    for (const hook of registry.hooks('appStart')) {
      await hook({ hookData: appHookData, functionAppDirectory: appDir });
    }
    registry.lock();
    const model = registry.model();
    if (model === undefined) throw new RefusedError(`The app in ${appDir} registers no functions.`);
    return { registry, model, appHookData, unload };
  } catch (error) {
    unload();
    throw error;
  }
}

/** `main` may hold stars and braces, as in `dist/{index,functions/*}.js`. */
async function entryFiles(appDir: string): Promise<readonly string[]> {
  const parsed = packageJson.safeParse(await readJson(join(appDir, 'package.json')));
  if (!parsed.success) throw new RefusedError(`package.json in ${appDir} has no main.`);
  const files = globSync(parsed.data.main, { cwd: appDir }).toSorted();
  if (files.length === 0) {
    throw new RefusedError(
      `The main of package.json, ${parsed.data.main}, is not there. Build the app first.`,
    );
  }
  return files.map((file) => resolve(appDir, file));
}
