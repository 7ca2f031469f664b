// The real app before a real sign-in service, a Graph and storage, all on loopback: whose tokens arrive where.
import { createHash } from 'node:crypto';
import tls from 'node:tls';
import { type Proxy, startProxy } from '../proxy/harness.ts';
import { type SignInService, startSignInService } from './sign-in-service.ts';

export const tenant = '11111111-2222-4333-8444-555555555555';
export const clientId = 'aaaaaaaa-0000-4000-8000-000000000001';
export const clientSecret = 'canary-client-secret';
export const connection = 'v1.0/external/connections/contosohr';
export const change = { body: { name: 'People' } };

export type SignedIn = {
  readonly signIn: SignInService;
  readonly proxy: Proxy;
  /** Digests of the tokens that Graph saw, and how often. */
  readonly tokensSeen: () => Readonly<Record<string, number>>;
  readonly stop: () => Promise<void>;
};

/** An app that proves itself by a secret, in this process: which trusts the service's authority from now on. */
export async function startSignedIn(env: Readonly<Record<string, string>> = {}): Promise<SignedIn> {
  const signIn = await startSignInService({ clientId, secret: clientSecret });
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), signIn.authorityPem]);
  const proxy = await startProxy({
    env: {
      OPWATCH_CREDENTIAL: 'environment',
      OPWATCH_STATIC_TOKEN: '',
      OPWATCH_AUTHORITY_HOST: signIn.url,
      OPWATCH_TENANT_ID: tenant,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: clientSecret,
      OPWATCH_CONNECTION_OPERATION_FIRST_POLL_SECONDS: '0',
      OPWATCH_CONNECTION_OPERATION_INTERVAL_SECONDS: '1',
      ...env,
    },
  });
  proxy.simulator.control.addConnection({ id: 'contosohr' });
  return {
    signIn,
    proxy,
    tokensSeen: () => {
      const { tokens } = proxy.simulator.control.stats().authorization;
      return Object.fromEntries(tokens.map(({ sha256, count }) => [sha256, count]));
    },
    stop: async () => {
      await proxy.stop();
      await signIn.stop();
    },
  };
}

/** What Graph keeps of a token. */
export function digestOf(token: string | null | undefined): string {
  return createHash('sha256')
    .update(token ?? '')
    .digest('hex');
}

/** Digests of the tokens that were issued so far. */
export function issuedBy(signIn: SignInService): readonly string[] {
  return signIn.requests().map(({ token }) => digestOf(token));
}
