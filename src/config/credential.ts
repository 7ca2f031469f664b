// Who the app is: the credential that was chosen, and what the environment holds for it under the SDK's own names.
import { type Secret, secretOf } from './secret.ts';
import type { CredentialConfig, Env, Report } from './types.ts';

type Chosen = { readonly type: CredentialConfig['type'] | null; readonly staticToken: Secret | null };

/** @param chosen by settings of our own; without a type, what the platform offers. */
export function readCredential(
  env: Env,
  { type: chosen, staticToken: token }: Chosen,
  report: Report,
): CredentialConfig | null {
  const isOffered = Boolean(env['IDENTITY_ENDPOINT'] || env['MSI_ENDPOINT']);
  const type = chosen ?? (isOffered ? 'managedIdentity' : 'environment');
  if (type !== 'static' && token !== null)
    report('OPWATCH_STATIC_TOKEN', 'is only allowed with OPWATCH_CREDENTIAL=static');
  if (type === 'static') {
    if (token === null) report('OPWATCH_STATIC_TOKEN', 'is missing: OPWATCH_CREDENTIAL=static needs it');
    return token && { type, token };
  }
  return readIdentity(env, type);
}

/** The names are the SDK's own. The tenant is not read here: it is the home tenant, whatever AZURE_TENANT_ID says. */
function readIdentity(env: Env, type: Exclude<CredentialConfig['type'], 'static'>): CredentialConfig {
  const read = (name: string): string | null => env[name] || null;
  const clientId = read('AZURE_CLIENT_ID');
  switch (type) {
    case 'managedIdentity':
      return { type, clientId };
    case 'workloadIdentity':
      return { type, clientId, tokenFile: read('AZURE_FEDERATED_TOKEN_FILE') };
    case 'azureCli':
      return { type };
    case 'environment': {
      const path = read('AZURE_CLIENT_CERTIFICATE_PATH');
      const password = secretOf(read('AZURE_CLIENT_CERTIFICATE_PASSWORD'));
      const sendsChain = /^(true|1)$/i.test(read('AZURE_CLIENT_SEND_CERTIFICATE_CHAIN') ?? '');
      return {
        type,
        clientId,
        secret: secretOf(read('AZURE_CLIENT_SECRET')),
        certificate: path === null ? null : { path, password, sendsChain },
      };
    }
  }
}
