// Who the app is: one credential a process, loaded when the first token is needed (the SDK costs 250 ms of CPU).
import type { TokenCredential } from '@azure/identity';

export type CredentialSettings =
  | { readonly type: 'managedIdentity'; readonly clientId: string | null }
  | { readonly type: 'environment' | 'workloadIdentity' | 'azureCli' };

/**
 * A credential that makes the real one at its first use.
 * @param authorityHost of the cloud; the SDK takes only `https:`.
 */
export function createCredential(settings: CredentialSettings, authorityHost: string): TokenCredential {
  let loading: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, options) {
      loading ??= load(settings, authorityHost);
      return (await loading).getToken(scopes, options);
    },
  };
}

async function load(settings: CredentialSettings, authorityHost: string): Promise<TokenCredential> {
  const identity = await import('@azure/identity');
  switch (settings.type) {
    case 'managedIdentity':
      return settings.clientId === null
        ? new identity.ManagedIdentityCredential()
        : new identity.ManagedIdentityCredential({ clientId: settings.clientId });
    case 'environment':
      return new identity.EnvironmentCredential({ authorityHost });
    case 'workloadIdentity':
      return new identity.WorkloadIdentityCredential({ authorityHost });
    case 'azureCli':
      return new identity.AzureCliCredential();
  }
}
