// Why no token was given, and what to do. Told by codes alone: the SDK's own messages may quote what was sent.
// @see "Microsoft Entra authentication and authorization error codes"
import type { CredentialConfig } from '../../../src/config/types.ts';
import { faultCode, faultFix, faultWords } from '../network.ts';
import { fail, type Verdict } from '../verdict.ts';

type Words = readonly [detail: string, fix: string];

const signInErrors: Readonly<Record<string, Words>> = {
  AADSTS7000215: [
    'the client secret is wrong',
    'Set AZURE_CLIENT_SECRET to the value of a secret of the app registration (its value, not its id).',
  ],
  AADSTS7000222: [
    'the client secret has expired',
    'Make a new secret in the app registration, and set AZURE_CLIENT_SECRET to its value.',
  ],
  AADSTS700016: [
    'the app is not known in this tenant',
    'Correct AZURE_CLIENT_ID or OPWATCH_TENANT_ID, or let an administrator of the tenant consent to the app.',
  ],
  AADSTS7000112: ['the app is disabled', 'Enable it in the tenant under Enterprise applications.'],
  AADSTS90002: [
    'there is no such tenant',
    'Correct OPWATCH_TENANT_ID, and see that OPWATCH_GRAPH_CLOUD is its cloud.',
  ],
  AADSTS900023: ['there is no such tenant', 'Correct OPWATCH_TENANT_ID.'],
  AADSTS700027: [
    'the certificate is not one of the app registration',
    'Upload it under Certificates & secrets, or correct AZURE_CLIENT_CERTIFICATE_PATH.',
  ],
  AADSTS700024: [
    'the proof is not valid now',
    'See storage.clock: this clock is wrong, or the federated token has expired.',
  ],
  AADSTS70021: [
    'no federated credential matches',
    'Compare issuer, subject and audience of the app’s federated credential with the platform’s token.',
  ],
  AADSTS700213: [
    'no federated credential matches',
    'Compare subject of the app’s federated credential with the platform’s token.',
  ],
  AADSTS500011: [
    'Graph is not known by this scope',
    'Correct OPWATCH_GRAPH_SCOPE; it is the root of Graph and /.default.',
  ],
  AADSTS1002012: ['the scope is not one for apps', 'Correct OPWATCH_GRAPH_SCOPE; it ends with /.default.'],
  AADSTS53003: [
    'conditional access keeps the app out',
    'Let an administrator look at the sign-in logs of the service principal.',
  ],
};

/** What each credential asks for first when it is not there. */
const unavailable: Readonly<Record<CredentialConfig['type'], Words>> = {
  managedIdentity: [
    'no managed identity is offered here, or not this one',
    'Assign the identity to the app and set AZURE_CLIENT_ID to its client id. On your machine use OPWATCH_CREDENTIAL=azureCli or environment.',
  ],
  environment: [
    'the credential could not be used',
    'See AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH.',
  ],
  workloadIdentity: [
    'the platform’s token could not be used',
    'See AZURE_FEDERATED_TOKEN_FILE and AZURE_CLIENT_ID; the file has to be there and be readable.',
  ],
  azureCli: [
    'there is no sign-in of the Azure CLI',
    'Install the Azure CLI and run az login with the home tenant (--tenant).',
  ],
  static: ['there is no token', 'Set OPWATCH_STATIC_TOKEN.'],
};

/** @param error what the credential rejected with; null: it gave nothing. */
export function judgeTokenFault(error: unknown, type: CredentialConfig['type']): Verdict {
  const [detail, fix] = wordsOf(error, type);
  return fail({ detail: `No token for Graph: ${detail}.`, fix });
}

function wordsOf(error: unknown, type: CredentialConfig['type']): Words {
  const code = signInCode(error);
  if (code !== null)
    return (
      signInErrors[code] ?? [
        `the sign-in service refused it (${code})`,
        `Look up ${code} at https://login.microsoftonline.com/error.`,
      ]
    );
  const fault = networkCode(error);
  if (fault === 'ENOENT') return [`a file that it needs is not there (${fault})`, unavailable[type][1]];
  if (fault !== null && type !== 'azureCli' && type !== 'managedIdentity')
    return [
      `the sign-in service can’t be reached: ${faultWords(fault)}`,
      faultFix(fault, 'OPWATCH_GRAPH_CLOUD or OPWATCH_AUTHORITY_HOST'),
    ];
  return unavailable[type];
}

function signInCode(error: unknown): string | null {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; depth += 1) {
    const found = /\bAADSTS\d{4,8}\b/.exec(current.message);
    if (found !== null) return found[0];
    current = current.cause;
  }
  return null;
}

function networkCode(error: unknown): string | null {
  const code = faultCode(error);
  const hasCode = /^(E[A-Z]+|ERR_[A-Z_]+|UND_ERR\w+|\w*CERT\w*|timeout|.*SELF_SIGNED.*|UNABLE_TO\w+)$/.test(
    code,
  );
  return hasCode
    ? code
    : (/\b(E(?:NOTFOUND|CONNREFUSED|CONNRESET|NOENT|TIMEDOUT|AI_AGAIN))\b/.exec(String(error))?.[1] ?? null);
}
