// How long Graph asks to wait, from whatever it wrote there: the one reader of Retry-After, for pauses and for callers.
// How much of it is obeyed is decided where a pause is made; a caller is told what Graph said.

const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const time = String.raw`\d\d:\d\d:\d\d`;
/** The three forms of an HTTP date: today's, and the two that a recipient still has to read. @see RFC 9110 5.6.7 */
const currentDate = new RegExp(`^${day}, \\d\\d ${month} \\d{4} ${time} GMT$`);
const weekdayDate = new RegExp(`^${day}[a-z]{3,6}, \\d\\d-${month}-\\d\\d ${time} GMT$`);
const bareDate = new RegExp(`^${day} ${month} [ \\d]\\d ${time} \\d{4}$`);

/**
 * Reads a Retry-After value: seconds (Graph also writes decimals such as 2.128) or an HTTP date.
 * @returns whole milliseconds from 0; null for garbage, negative numbers and nothing.
 */
export function parseRetryAfterMs(value: string | null | undefined, nowMs: number): number | null {
  const text = value?.trim() ?? '';
  // Twelve digits are thirty thousand years, and still an exact number of milliseconds.
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const atMs = parseDate(text);
  return Number.isNaN(atMs) ? null : Math.max(atMs - nowMs, 0);
}

/** NaN for everything else: Date.parse alone takes "-5", "try again in 5" and much more for a date of long ago. */
function parseDate(text: string): number {
  if (currentDate.test(text) || weekdayDate.test(text)) return Date.parse(text);
  return bareDate.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
