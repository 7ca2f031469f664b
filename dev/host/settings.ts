// The app's settings: `Values` of local.settings.json under the environment, as Core Tools does it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** A mistake in the app or its settings; its message names the culprit and never holds a value. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

export type Settings = Readonly<Record<string, string | undefined>>;

const localSettings = z.object({
  IsEncrypted: z.boolean().optional(),
  Values: z.record(z.string(), z.string()).default({}),
});

/**
 * Puts what local.settings.json adds into the environment, which the app reads.
 * @throws RefusedError when the file is no settings file, or is encrypted.
 */
export async function loadSettings(appDir: string, env: NodeJS.ProcessEnv): Promise<Settings> {
  const file = await readJson(join(appDir, 'local.settings.json'));
  if (file !== undefined) {
    const parsed = localSettings.safeParse(file);
    if (!parsed.success) {
      const where = parsed.error.issues[0]?.path.join('.') || 'its root';
      throw new RefusedError(`local.settings.json is not valid at ${where}: Values must be texts.`);
    }
    if (parsed.data.IsEncrypted === true) {
      throw new RefusedError('local.settings.json is encrypted: decrypt it with the tool that made it.');
    }
    for (const [name, value] of Object.entries(parsed.data.Values)) {
      env[name] ??= value;
    }
  }
  env['AZURE_FUNCTIONS_ENVIRONMENT'] ??= 'Development';
  env['FUNCTIONS_WORKER_RUNTIME'] ??= 'node';
  return env;
}

/**
 * Replaces each `%NAME%` by its setting.
 * @throws RefusedError naming the variable and the function when it is not set.
 */
export function resolveSettings(text: string, settings: Settings, functionName: string): string {
  return text.replaceAll(/%([^%\s]+)%/g, (_whole, name: string) => {
    const value = settings[name];
    if (value === undefined || value === '') {
      throw new RefusedError(`Function ${functionName}: the setting ${name} (%${name}%) is missing.`);
    }
    return value;
  });
}

/** @returns undefined when there is no such file. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's own message may quote the file, which may hold secrets.
    throw new RefusedError(`${path} is no valid JSON.`);
  }
}
