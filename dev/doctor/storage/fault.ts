// What storage said no with, and what that means to whom. Codes are those of the storage services.
// @see "Common REST API error codes" of Azure Storage
import { RestError } from '@azure/data-tables';
import { faultCode, faultFix, faultWords } from '../network.ts';
import { fail, skip, type Verdict } from '../verdict.ts';

export type StorageFault =
  /** The table or queue is not there. */
  | { readonly type: 'missing' }
  /** Nothing was asked, for there is no proof of who asks. */
  | { readonly type: 'noToken' }
  | { readonly type: 'refused'; readonly code: string }
  | { readonly type: 'failed'; readonly status: number; readonly code: string }
  | { readonly type: 'unreachable'; readonly code: string };

/** Who asks: whoever holds the account's key, the app by its identity, or the person who runs this. */
export type Access = 'key' | 'app' | 'you';

export function faultOf(error: unknown): StorageFault {
  const status = error instanceof RestError ? error.statusCode : undefined;
  if (isOfIdentity(error)) return { type: 'noToken' };
  if (status === undefined) return { type: 'unreachable', code: faultCode(error) };
  const code = serviceCode(error as RestError);
  if (status === 404 && /^(TableNotFound|QueueNotFound)$/.test(code)) return { type: 'missing' };
  return status === 401 || status === 403 ? { type: 'refused', code } : { type: 'failed', status, code };
}

/** Errors of the SDK of identities, which may be wrapped. */
function isOfIdentity(error: unknown): boolean {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; depth += 1) {
    if (
      /^(CredentialUnavailable|Authentication|AggregateAuthentication|AuthenticationRequired)/.test(
        current.name,
      )
    )
      return true;
    current = current.cause;
  }
  return false;
}

/** Errors of tables have their code in the text of the answer only. */
function serviceCode({ code, message }: RestError): string {
  if (code !== undefined && code !== 'REQUEST_SEND_ERROR') return code;
  return /"code":"(\w+)"|<Code>(\w+)<\/Code>/.exec(message)?.slice(1).find(Boolean) ?? 'none';
}

export type Asked = {
  /** What was asked for, as the subject of a sentence. */
  readonly what: string;
  readonly access: Access;
  /** Role in Azure that would do. */
  readonly role: string;
};

/** @param fault any but `missing`, which means something else for each. */
export function judgeFault(fault: Exclude<StorageFault, { type: 'missing' }>, asked: Asked): Verdict {
  switch (fault.type) {
    case 'noToken':
      return fail({
        detail: `${asked.what} was not asked: no token for storage could be had.`,
        fix: 'See token.issued, which says why; AzureWebJobsStorage__clientId (or OPWATCH_STORAGE__clientId) names the identity.',
      });
    case 'refused':
      return judgeRefusal(fault.code, asked);
    case 'failed':
      return fail({
        detail: `${asked.what}: storage answered ${fault.status} (${fault.code}).`,
        fix: 'Look at the state of the storage account in Azure; run this again when it has recovered.',
      });
    case 'unreachable':
      return fail({
        detail: `${asked.what} can’t be reached: ${faultWords(fault.code)}.`,
        fix: faultFix(fault.code, 'AzureWebJobsStorage or OPWATCH_STORAGE, which name the account'),
      });
  }
}

const permissionCodes =
  /^(AuthorizationPermissionMismatch|InsufficientAccountPermissions|AuthorizationPermissionDenied)$/;

function judgeRefusal(code: string, { what, access, role }: Asked): Verdict {
  if (permissionCodes.test(code)) {
    if (access === 'you')
      return skip(
        `${what}: your own sign-in may not (${code}), which says nothing of the app. ${role} would do.`,
      );
    return fail({
      detail: `${what}: the identity lacks a role (${code}).`,
      fix: `Grant it ${role}, as docs/permissions.md says (azd provision does); a new grant takes up to ten minutes.`,
    });
  }
  const [
    ,
    words = `storage refused it`,
    fix = 'Look the code up under “Common REST API error codes” of Azure Storage.',
  ] = refusals.find(([codes]) => codes.test(code)) ?? [];
  return fail({ detail: `${what}: ${words} (${code}).`, fix });
}

const refusals: readonly (readonly [codes: RegExp, words: string, fix: string])[] = [
  [
    /^AuthenticationFailed$/,
    'storage does not take the proof: the key is not that of this account, or this clock is wrong',
    'Take the connection string anew (az storage account show-connection-string), and see storage.clock.',
  ],
  [
    /^Authorization(Failure|SourceIPMismatch)$/,
    'the account’s network rules keep this machine out, or the key is not its own',
    'Run this from a network that the account lets in, or take the connection string anew.',
  ],
  [
    /^KeyBasedAuthenticationNotPermitted$/,
    'the account takes no keys',
    'Use an identity: AzureWebJobsStorage__accountName and __credential=managedidentity in place of the connection string.',
  ],
  [
    /^(InvalidAuthenticationInfo|NoAuthenticationInformation)$/,
    'the token is not for this account’s tenant',
    'See that OPWATCH_TENANT_ID, or your own sign-in, is of the tenant of the storage account.',
  ],
  [/^AccountIsDisabled$/, 'the account is disabled', 'Look at the subscription of the storage account.'],
];
