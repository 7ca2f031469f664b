// Where an issuer keeps its keys, by its OpenID configuration.
import { z } from 'zod';
import { fetchJson } from './fetch-json.ts';

const configuration = z.looseObject({ jwks_uri: z.url() });

/**
 * @param configurationUrl of the issuer's `.well-known` document.
 * @throws when it can't be had, or names keys that would come in the clear.
 * @see OpenID Connect Discovery 1.0, section 4
 */
export async function findKeysUrl(configurationUrl: string): Promise<URL> {
  const { jwks_uri: keys } = configuration.parse(await fetchJson(new URL(configurationUrl)));
  const url = new URL(keys);
  // The setting may name loopback by http; only then may its keys be there too.
  if (url.protocol !== 'https:' && url.hostname !== new URL(configurationUrl).hostname)
    throw new Error('The keys of an issuer come by https.');
  return url;
}
