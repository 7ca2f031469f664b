// How long Graph asks us to wait, from whatever it wrote there.

const longestMs = 3_600_000;

/**
 * Reads a Retry-After value: seconds (Graph also writes decimals such as 2.128) or an HTTP date.
 * @returns milliseconds from 0 to an hour; null for garbage, negative numbers and nothing.
 */
export function parseRetryAfterMs(value: string | null | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? '';
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), longestMs);
  // An HTTP date names its month; Date.parse alone would take "-5" for a year.
  if (!/[A-Za-z]{3}/.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.min(Math.max(atMs - nowMs, 0), longestMs);
}
