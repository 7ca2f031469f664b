// The app with callers' tokens of an issuer on loopback, and what every refusal has in common.
import { expect } from 'vitest';
import {
  audience,
  type Claims,
  claimsWith,
  type Issuer,
  makeToken,
  type Parts,
  startIssuer,
  tenant,
} from '../../fixtures/issuer.ts';
import { type Answer, type Proxy, startProxy } from '../proxy/harness.ts';

export const connection = 'v1.0/external/connections/contosohr';

export type Entra = {
  readonly issuer: Issuer;
  readonly proxy: Proxy;
  readonly tokenWith: (parts?: Parts) => string;
  readonly tokenOf: (changes: Claims) => string;
  /** Reads the connection with this Authorization. */
  readonly readAs: (authorization: string) => Promise<Answer>;
  /** Refused without a call to Graph, without a trace of the token, and the next good caller is served. */
  readonly expectRefused: (answer: Answer, status: number, code: string) => Promise<void>;
  /** The simulator as it is before each test. */
  readonly reset: () => void;
  readonly stop: () => Promise<void>;
};

/** @param more settings. */
export async function startEntra(more: Readonly<Record<string, string>> = {}): Promise<Entra> {
  const issuer = await startIssuer();
  const { privateKey } = issuer.addKey('first');
  const proxy = await startProxy({
    env: {
      OPWATCH_CALLER_AUTH: 'entra',
      OPWATCH_AUTH_TENANT_ID: tenant,
      OPWATCH_AUTH_AUDIENCE: audience,
      OPWATCH_AUTH_JWKS_URL: issuer.url,
      ...more,
    },
  });
  const tokenWith = (parts: Parts = {}): string => makeToken(privateKey, parts);
  const readAs = (authorization: string): Promise<Answer> =>
    proxy.get(connection, { headers: { authorization } });
  const reset = (): void => {
    proxy.simulator.control.reset();
    proxy.simulator.control.addConnection({ id: 'contosohr' });
  };
  reset();
  return {
    issuer,
    proxy,
    tokenWith,
    tokenOf: (changes) => tokenWith({ claims: claimsWith(changes) }),
    readAs,
    reset,
    expectRefused: async (answer, status, code) => {
      expect(answer).toMatchObject({ status, json: { status, code } });
      expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
      expect(answer.text).not.toMatch(/eyJ|\bat .*\.ts/);
      expect(proxy.lines.join('\n')).not.toContain('eyJ');
      expect(proxy.simulator.control.requests()).toEqual([]);
      expect(await readAs(`Bearer ${tokenWith()}`)).toMatchObject({ status: 200 });
    },
    stop: async () => {
      await proxy.stop();
      await issuer.stop();
    },
  };
}
