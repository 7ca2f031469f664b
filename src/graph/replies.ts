// What a whole reply of Graph says of itself, before anybody looks at what it brings: that it came too late or not at
// all, that it refuses batches, that it stands for a fault of all its operations.
import { type ReadObservation, throttledCode } from '../domain/observation.ts';
import { type Dates, errorCode, parseJson, unreadable } from './answers.ts';
import type { GraphReply } from './graph-client.ts';

export function isGivenUp({ answer }: GraphReply): boolean {
  return !answer.arrived && answer.code === 'stopped';
}

export function isNotFound({ answer }: GraphReply): boolean {
  return answer.arrived && answer.status === 404;
}

export function isTooLarge({ answer }: GraphReply): boolean {
  return !answer.arrived && answer.code === 'answer_too_large';
}

export function isBatchRefusal({ answer }: GraphReply): boolean {
  return answer.arrived && (answer.status === 403 || answer.status === 404 || refusesBatching(answer.status));
}

/** Answers that a plain GET of a legal path never gets for its own sake. */
export function refusesBatching(status: number): boolean {
  return status === 400 || status === 405 || status === 501;
}

export function faultOf(reply: GraphReply): ReadObservation {
  const { answer } = reply;
  const dates = datesOf(reply);
  if (!answer.arrived) {
    return answer.code === 'no_token'
      ? { type: 'refused', code: 'no_token', ...dates }
      : unreadable(answer.code, dates);
  }
  const code = errorCode(parseJson(answer.bodyText));
  if (answer.status === 401 || answer.status === 403)
    return { type: 'refused', code: code ?? `http_${answer.status}`, ...dates };
  if (answer.status === 429) return unreadable(throttledCode, dates);
  return unreadable(answer.status === 200 ? 'answer_malformed' : (code ?? `http_${answer.status}`), dates);
}

export function datesOf({ sentAtMs, arrivedAtMs }: GraphReply): Dates {
  return { sentAtMs, arrivedAtMs };
}
