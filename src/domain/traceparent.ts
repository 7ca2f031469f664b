// Where a trace is continued: W3C Trace Context, version 00. Whatever is not exactly that is dropped, because the text
// comes from callers and goes into rows, events and headers.
// @see https://www.w3.org/TR/trace-context/#traceparent-header

const form = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** @returns the text when it is a valid traceparent; undefined for everything else. */
export function validTraceparent(text: unknown): string | undefined {
  return typeof text === 'string' && form.test(text) ? text : undefined;
}
