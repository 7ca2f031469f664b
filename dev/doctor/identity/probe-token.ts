// Asks for the app's token as the app does, once.

import type { CredentialConfig } from '../../../src/config/types.ts';
import type { ConfigDraft } from '../../../src/config.ts';
import { createStaticTokenSource, createTokenSource } from '../../../src/graph/tokens.ts';
import type { TokenSource } from '../../../src/graph/transport.ts';
import { createCredential } from '../../../src/identity/credentials.ts';

export type Issued =
  | { readonly type: 'issued'; readonly token: string; readonly source: TokenSource }
  | { readonly type: 'failed'; readonly error: unknown };

/** A sign-in service answers in a second or two. */
const limitMs = 10_000;

export async function probeToken(credential: CredentialConfig, graph: ConfigDraft['graph']): Promise<Issued> {
  if (credential.type === 'static') {
    const token = credential.token.reveal();
    return { type: 'issued', token, source: createStaticTokenSource(token) };
  }
  let failure: unknown = null;
  const source = createTokenSource(createCredential(credential, graph), {
    scope: graph.scope,
    nowMs: Date.now,
    limitMs,
    onFailure: (error) => {
      failure = error;
    },
  });
  const token = await source.token(null);
  return token === null ? { type: 'failed', error: failure } : { type: 'issued', token, source };
}

/** What a credential lacks before anybody is asked; null when nothing. */
export function missingOf(credential: CredentialConfig): string | null {
  switch (credential.type) {
    case 'environment':
      if (credential.clientId === null) return 'AZURE_CLIENT_ID';
      return credential.secret === null && credential.certificate === null
        ? 'AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH'
        : null;
    case 'workloadIdentity':
      if (credential.clientId === null) return 'AZURE_CLIENT_ID';
      return credential.tokenFile === null ? 'AZURE_FEDERATED_TOKEN_FILE' : null;
    case 'managedIdentity':
    case 'azureCli':
    case 'static':
      return null;
  }
}
