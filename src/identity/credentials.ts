// Who the app is: one credential a process, loaded when the first token is needed (the SDK costs 250 ms of CPU). Its
// tokens are the app's own and of the home tenant, whatever else the environment names.
import type {
  AccessToken,
  ClientCertificateCredentialOptions,
  ManagedIdentityCredential,
  TokenCredential,
} from '@azure/identity';
import type { Cloud } from '../domain/operation.ts';

/** Shows itself only where it is used. */
type Hidden = { readonly reveal: () => string };

export type CredentialSettings =
  | { readonly type: 'managedIdentity'; readonly clientId: string | null }
  | {
      readonly type: 'environment';
      readonly clientId: string | null;
      readonly secret: Hidden | null;
      readonly certificate: {
        readonly path: string;
        readonly password: Hidden | null;
        readonly sendsChain: boolean;
      } | null;
    }
  | {
      readonly type: 'workloadIdentity';
      readonly clientId: string | null;
      readonly tokenFile: string | null;
    }
  | { readonly type: 'azureCli' };

/** Who gives the tokens. A platform's identity endpoint and a developer's sign-in know their own. */
export type Authority = {
  readonly cloud: Cloud;
  /** The SDK takes only `https:`. */
  readonly authorityHost: string;
  readonly tenantId: string;
};

export type AppCredential = TokenCredential & {
  /** A token that no cache in this process gives: for when the last one was refused. */
  readonly getFreshToken: (scope: string) => Promise<AccessToken | null>;
};

/** A credential that makes the real one at its first use. */
export function createCredential(settings: CredentialSettings, authority: Authority): AppCredential {
  let loading: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, options) {
      loading ??= load(settings, authority);
      return (await loading).getToken(scopes, options);
    },
    async getFreshToken(scope) {
      // The SDK passes over its cache only for a claims challenge that says something. A new credential has an empty one.
      loading = load(settings, authority);
      const credential = await loading;
      return settings.type === 'managedIdentity'
        ? askPlatform(credential as ManagedIdentityCredential, scope)
        : credential.getToken(scope);
    },
  };
}

async function load(settings: CredentialSettings, authority: Authority): Promise<TokenCredential> {
  const identity = await import('@azure/identity');
  switch (settings.type) {
    case 'managedIdentity':
      return settings.clientId === null
        ? new identity.ManagedIdentityCredential()
        : new identity.ManagedIdentityCredential({ clientId: settings.clientId });
    case 'environment':
      return loadRegistration(settings, authority);
    case 'workloadIdentity':
      return new identity.WorkloadIdentityCredential({
        ...signInOptions(authority),
        tenantId: authority.tenantId,
        clientId: settings.clientId ?? '',
        tokenFilePath: settings.tokenFile ?? '',
      });
    case 'azureCli':
      return new identity.AzureCliCredential({ tenantId: authority.tenantId });
  }
}

/** Not the SDK's own credential of the environment: that one asks for AZURE_TENANT_ID's tokens, and a person's too. */
async function loadRegistration(
  { clientId, secret, certificate }: Extract<CredentialSettings, { type: 'environment' }>,
  authority: Authority,
): Promise<TokenCredential> {
  const { ClientCertificateCredential, ClientSecretCredential } = await import('@azure/identity');
  const options = signInOptions(authority);
  if (clientId === null) throw new Error('The app has no client id.');
  if (secret !== null)
    return new ClientSecretCredential(authority.tenantId, clientId, secret.reveal(), options);
  if (certificate === null) throw new Error('The app has neither a client secret nor a certificate.');
  const { path: certificatePath, password, sendsChain: sendCertificateChain } = certificate;
  return new ClientCertificateCredential(
    authority.tenantId,
    clientId,
    { certificatePath, ...(password === null ? {} : { certificatePassword: password.reveal() }) },
    { ...options, sendCertificateChain },
  );
}

/** A sign-in service that hangs holds no connection for longer, whoever still waits for it. */
const requestLimitMs = 4000;

function signInOptions({ cloud, authorityHost }: Authority): ClientCertificateCredentialOptions {
  return {
    authorityHost,
    // Whether an authority is one is asked of login.microsoftonline.com, which does not know those of custom clouds.
    disableInstanceDiscovery: cloud === 'custom',
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          name: 'limit',
          sendRequest(request, next) {
            request.timeout = requestLimitMs;
            return next(request);
          },
        },
      },
    ],
  };
}

/** The SDK's managed identity over MSAL's. */
type WithMsal = {
  readonly managedIdentityApp: {
    readonly acquireToken: (how: {
      readonly resource: string;
      readonly forceRefresh: boolean;
    }) => Promise<{ readonly accessToken: string; readonly expiresOn: Date | null }>;
  };
};

/**
 * MSAL keeps the tokens of managed identities for the whole process, for up to a day, and the SDK (4.14.1) hands no
 * wish for another one on to it: without this, a refused token would be given again and again.
 */
async function askPlatform(credential: ManagedIdentityCredential, scope: string): Promise<AccessToken> {
  const { managedIdentityApp } = credential as unknown as WithMsal;
  const resource = scope.replace(/\/\.default$/, '');
  const { accessToken, expiresOn } = await managedIdentityApp.acquireToken({ resource, forceRefresh: true });
  return { token: accessToken, expiresOnTimestamp: expiresOn?.getTime() ?? 0 };
}
