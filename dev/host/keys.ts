// Function keys, on demand: one key, the master key, opens everything. The header wins over the query, and its first
// value is the only one that counts.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AuthLevel } from './function-plan.ts';
import { RefusedError, type Settings } from './settings.ts';

export type CheckKey = (request: IncomingMessage, query: URLSearchParams, level: AuthLevel) => boolean;

/** @throws RefusedError when keys are to be checked and LOCAL_HOST_KEY is not set. */
export function createKeyCheck(isOn: boolean, settings: Settings): CheckKey {
  if (!isOn) return () => true;
  const key = settings['LOCAL_HOST_KEY'];
  if (key === undefined || key === '') {
    throw new RefusedError('--auth needs the setting LOCAL_HOST_KEY: the key that callers send.');
  }
  const expected = digest(key);
  return (request, query, level) => {
    if (level === 'anonymous') return true;
    const given = request.headersDistinct['x-functions-key']?.[0] ?? query.get('code');
    return typeof given === 'string' && timingSafeEqual(digest(given), expected);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
