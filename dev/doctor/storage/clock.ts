// How far this machine's clock is from the storage service's, told by the Date header of its answers, which has whole
// seconds. What the header and the answer's way leave open counts as agreement.
import { fail, pass, type Verdict, warn } from '../verdict.ts';

export type ClockSample = {
  readonly sentAtMs: number;
  readonly arrivedAtMs: number;
  readonly dateMs: number;
};

/** @returns how far the service is ahead (behind: negative) at least, by the samples that say most. */
export function clockDifferenceMs(samples: readonly ClockSample[]): number {
  const atLeast = Math.max(...samples.map(({ dateMs, arrivedAtMs }) => dateMs - arrivedAtMs));
  const atMost = Math.min(...samples.map(({ dateMs, sentAtMs }) => dateMs + 1000 - sentAtMs));
  if (atLeast > 0) return atLeast;
  return Math.min(0, atMost);
}

/** Clocks that are set by the network agree within a second or so. */
const warnMs = 5000;
/** Callers' tokens are taken with a minute's difference, the platform's with five, a signature with fifteen. */
const failMs = 60_000;

export function judgeClock(differenceMs: number): Verdict {
  const seconds = Math.round(Math.abs(differenceMs) / 1000);
  if (seconds * 1000 <= warnMs)
    return pass(seconds === 0 ? 'no difference that could be seen' : `${seconds} s`);
  const detail = `This clock is ${seconds} s ${differenceMs > 0 ? 'behind' : 'ahead of'} that of storage.`;
  const fix =
    'Let this machine’s clock be set by the network (NTP): tokens and signatures are refused otherwise.';
  return seconds * 1000 > failMs ? fail({ detail, fix }) : warn({ detail, fix });
}
