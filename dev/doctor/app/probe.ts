// Asks the running app what anybody may ask it. Nothing that is sent has an effect: no key, no token, no item.
import { randomUUID } from 'node:crypto';
import { type Exchange, exchange } from '../network.ts';

/** An app that sleeps takes some seconds to wake. */
const firstLimitMs = 12_000;
const limitMs = 8000;
const json = { 'content-type': 'application/json' };

export type AppProbe = ReturnType<typeof createAppProbe>;

/** @param url origin of the app. */
export function createAppProbe(url: string) {
  const at = (path: string): URL => new URL(`/api/${path}`, url);
  return {
    live: () => exchange(at('health/live'), { limitMs: firstLimitMs }),
    ready: () => exchange(at('health/ready'), { limitMs }),
    document: () => exchange(at('openapi.json'), { limitMs }),
    operations: () => exchange(at('operations?top=1'), { limitMs }),
    handshake,
    callNotification: () =>
      exchange(at('notifications/calls'), { method: 'POST', headers: json, body: '{"value":[]}', limitMs }),
  };

  async function handshake(): Promise<{ readonly sent: string; readonly answer: Exchange }> {
    const sent = `doctor ${randomUUID()}`;
    const target = at('notifications/graph');
    target.searchParams.set('validationToken', sent);
    return {
      sent,
      answer: await exchange(target, { method: 'POST', headers: { 'content-type': 'text/plain' }, limitMs }),
    };
  }
}
