// docs/configuration.md is what its generator makes of today's settings.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configurationDocument, configurationPath } from '../docs/configuration.ts';
import type { Outcome } from './outcome.ts';

export async function checkConfigurationDocument(root: string): Promise<Outcome> {
  const wanted = configurationDocument().split('\n');
  const found = (await readFile(join(root, configurationPath), 'utf8').catch(() => '')).split('\n');
  const line = wanted.findIndex((text, index) => text !== found[index]);
  const isSame = line === -1 && wanted.length === found.length;
  return {
    problems: isSame
      ? []
      : [
          `${configurationPath}:${(line === -1 ? wanted.length : line) + 1}: out of date; node dev/docs/configuration.ts makes it anew`,
        ],
    seen: `${wanted.length} lines`,
  };
}
