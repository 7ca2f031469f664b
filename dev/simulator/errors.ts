// Graph's error envelope, in the spellings that Graph is known to use.
// @see Microsoft Graph documentation, error responses; OneNote writes numeric codes and `@api.url`
import type { Envelope, RetryAfter } from './faults.ts';
import { type Answer, type Exchange, jsonType } from './protocol.ts';

export type Failure = {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  readonly retryAfter?: RetryAfter;
  readonly headers?: Readonly<Record<string, string>>;
};

const usualCodes: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'InvalidAuthenticationToken',
  403: 'Forbidden',
  404: 'ItemNotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Gone',
  412: 'PreconditionFailed',
  424: 'FailedDependency',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  501: 'NotImplemented',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

/** Graph's usual code for a status. */
export function usualCode(status: number): string {
  return usualCodes[status] ?? 'UnknownError';
}

/** An error answer in the given envelope. */
export function failureAnswer(failure: Failure, envelope: Envelope, exchange: Exchange): Answer {
  const headers: Record<string, string> = { ...failure.headers };
  const wait = retryAfterText(failure.retryAfter, exchange.arrivedAtMs);
  if (wait !== undefined) {
    headers['Retry-After'] = wait;
  }
  if (failure.status === 401) {
    headers['WWW-Authenticate'] =
      'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"';
  }
  if (envelope === 'none') {
    return { status: failure.status, headers, body: undefined };
  }
  if (envelope === 'html') {
    return htmlAnswer(failure.status, headers);
  }
  return {
    status: failure.status,
    headers: { 'Content-Type': jsonType, ...headers },
    body: bodyOf(failure, envelope, exchange),
  };
}

/** A page of HTML where JSON belongs, as gateways send it. */
export function htmlAnswer(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>Our services aren't available right now</h1></body></html>`;
  return { status, headers: { ...headers, 'Content-Type': 'text/html; charset=utf-8' }, body };
}

/** The header's text, or undefined for no header. */
function retryAfterText(value: RetryAfter | undefined, nowMs: number): string | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  return typeof value === 'object'
    ? new Date(nowMs + value.dateInSeconds * 1000).toUTCString()
    : String(value);
}

/** The instant until which a client has been asked to wait; undefined where the header says nothing usable. */
export function announcedUntilMs(value: RetryAfter | undefined, nowMs: number): number | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value === 'object') {
    return nowMs + value.dateInSeconds * 1000;
  }
  const seconds = typeof value === 'number' || /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  return seconds > 0 ? nowMs + seconds * 1000 : undefined;
}

function bodyOf(failure: Failure, envelope: Envelope, exchange: Exchange): unknown {
  const { code, message = `The request failed with ${failure.status} ${failure.code}.` } = failure;
  const ids = {
    date: new Date(exchange.arrivedAtMs).toISOString().slice(0, 19),
    'request-id': exchange.requestId,
    'client-request-id': exchange.clientRequestId,
  };
  switch (envelope) {
    case 'innererror':
      return { error: { code, message, innererror: ids } };
    case 'nested':
      return {
        error: {
          code: 'activityLimitReached',
          message,
          innerError: { code: 'throttledRequest', innerError: { code: 'quota' }, ...ids },
        },
      };
    case 'emptyCode':
      return { error: { code: '', message, innerError: ids } };
    case 'unknownError':
      return { error: { code: 'UnknownError', message: '', innerError: ids } };
    case 'onenote':
      return { error: { code, message, innerError: ids, '@api.url': 'https://aka.ms/onenote-errors' } };
    default:
      return { error: { code, message, innerError: failure.status === 429 ? { code: '429', ...ids } : ids } };
  }
}
