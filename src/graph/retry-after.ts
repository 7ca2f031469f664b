// How long Graph asks us to wait, from whatever it wrote there.

const longestMs = 3_600_000;

const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const time = String.raw`\d\d:\d\d:\d\d`;
/** The three forms of an HTTP date: today's, and the two that a recipient still has to read. @see RFC 9110 5.6.7 */
const currentDate = new RegExp(`^${day}, \\d\\d ${month} \\d{4} ${time} GMT$`);
const weekdayDate = new RegExp(`^${day}[a-z]{3,6}, \\d\\d-${month}-\\d\\d ${time} GMT$`);
const bareDate = new RegExp(`^${day} ${month} [ \\d]\\d ${time} \\d{4}$`);

/**
 * Reads a Retry-After value: seconds (Graph also writes decimals such as 2.128) or an HTTP date.
 * @returns milliseconds from 0 to an hour; null for garbage, negative numbers and nothing.
 */
export function parseRetryAfterMs(value: string | null | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? '';
  if (/^\d{1,15}(\.\d{1,9})?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), longestMs);
  const atMs = parseDate(text);
  return Number.isNaN(atMs) ? null : Math.min(Math.max(atMs - nowMs, 0), longestMs);
}

/** NaN for everything else: Date.parse alone takes "-5", "try again in 5" and much more for a date of long ago. */
function parseDate(text: string): number {
  if (currentDate.test(text) || weekdayDate.test(text)) return Date.parse(text);
  return bareDate.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
