// The one place where storage's errors become ours.
import { RestError } from '@azure/data-tables';
import { AppError } from '../domain/errors.ts';

/** Refused identity → `storage_forbidden`; anything else, also no answer at all → `storage_busy`. */
export function toStorageError(error: unknown): AppError {
  if (isForbidden(error)) {
    return new AppError(
      'storage_forbidden',
      'Storage refuses this identity: grant it the table and queue roles.',
      {
        action: 'retry',
        cause: error,
      },
    );
  }
  return new AppError('storage_busy', 'Storage did not answer.', {
    action: 'retry',
    retryAfterMs: 1000,
    cause: error,
  });
}

export function isForbidden(error: unknown): boolean {
  return hasStatus(error, 401) || hasStatus(error, 403);
}

/** Whether the service itself has said no; after a request that was tried once it has not applied it then. */
export function isRefusal(error: unknown): boolean {
  const status = error instanceof RestError ? (error.statusCode ?? 0) : 0;
  return status >= 400 && status < 500 && status !== 408;
}

export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof RestError && error.statusCode === status;
}

/** @param code of the service, as `TableNotFound`; it stands in the error or, after a transaction, only in its text. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof RestError && (error.code === code || error.message.includes(code));
}
