// Expected failures that cross a layer as an exception: a closed set of codes, each with what the receiver should do.
// Normal outcomes (not found, unchanged, conflict) are values of a flow's result, not errors.

export type ErrorCode =
  | 'config_invalid'
  | 'graph_auth'
  | 'graph_error'
  | 'graph_malformed'
  | 'graph_timeout'
  | 'resource_invalid'
  | 'shards_changed'
  | 'storage_busy'
  | 'storage_forbidden';

/** What the receiver of an error should do with its work. */
export type ErrorAction = 'retry' | 'deadLetter' | 'refuse';

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly action: ErrorAction;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { action: ErrorAction; retryAfterMs?: number; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.action = options.action;
    this.retryAfterMs = options.retryAfterMs;
  }
}
