// TimeSpan texts of host.json and of timer schedules: `[d.]hh:mm:ss[.fff]`.

const pattern = /^(?:(\d{1,6})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

/** @returns milliseconds, or undefined when the text is no TimeSpan. Hours stay below 24: days have their own part. */
export function parseTimeSpan(text: string): number | undefined {
  const parts = pattern.exec(text);
  if (parts === null) return undefined;
  const [days, hours, minutes, seconds] = parts.slice(1, 5).map((part) => Number(part ?? 0));
  if (days === undefined || hours === undefined || minutes === undefined || seconds === undefined)
    return undefined;
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const fractionMs = Math.floor(Number(`0.${parts[5] ?? 0}`) * 1000);
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + fractionMs;
}
