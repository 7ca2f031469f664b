// Timer schedules: NCRONTAB with six fields (seconds first) or five, in UTC, or a TimeSpan. Where cron-parser is more
// generous than NCRONTAB or means something else, the host follows NCRONTAB, so that no schedule works only here.
import { CronExpressionParser } from 'cron-parser';
import { parseTimeSpan } from './time-span.ts';

export type Schedule = {
  /** The first occurrence after the instant, both in epoch milliseconds. */
  readonly next: (afterMs: number) => number;
  /** More than one occurrence a minute: the host keeps no status blob for such a timer. */
  readonly isFrequent: boolean;
};

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

const names = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat';
const item = `(?:\\*|(?:\\d{1,2}|${names})(?:-(?:\\d{1,2}|${names}))?)(?:/\\d{1,2})?`;
const field = new RegExp(`^${item}(?:,${item})*$`, 'i');

/** @throws Error saying what is wrong with the text. */
export function parseSchedule(text: string): Schedule {
  const spanMs = parseTimeSpan(text.trim());
  if (spanMs !== undefined) return interval(spanMs);
  const fields = text.trim().split(/\s+/);
  const [seconds, ...rest] = fields.length === 5 ? ['0', ...fields] : fields;
  if (seconds === undefined || rest.length !== 5) {
    throw new Error('a schedule has six fields (seconds first), five, or is a TimeSpan');
  }
  for (const part of [seconds, ...rest]) {
    if (!field.test(part)) throw new Error('a field is no NCRONTAB');
  }
  return cron([seconds, ...rest]);
}

function interval(spanMs: number): Schedule {
  if (spanMs < 1000) throw new Error('a TimeSpan is at least one second');
  return { next: (afterMs) => afterMs + spanMs, isFrequent: spanMs < minuteMs };
}

/** NCRONTAB wants day and weekday to match both; cron-parser takes either. So the weekday is looked at here. */
function cron(fields: readonly string[]): Schedule {
  const { dayOfWeek } = parse(fields.join(' '), 0).fields;
  const weekdays: ReadonlySet<number> = new Set(dayOfWeek.values.map(Number));
  if (fields[5]?.includes('7')) throw new Error('weekdays are 0 (Sunday) to 6');
  const daily = [...fields.slice(0, 5), '*'].join(' ');

  const next = (afterMs: number): number => {
    let fromMs = afterMs;
    for (let days = 0; days < 366 * 28; days += 1) {
      const candidateMs = parse(daily, fromMs).next().getTime();
      if (weekdays.has(new Date(candidateMs).getUTCDay())) return candidateMs;
      fromMs = (Math.floor(candidateMs / dayMs) + 1) * dayMs - 1;
    }
    throw new Error('the schedule never occurs');
  };
  return { next, isFrequent: hasShortGap(next) };
}

function parse(expression: string, afterMs: number) {
  return CronExpressionParser.parse(expression, { currentDate: new Date(afterMs), tz: 'UTC' });
}

/** From a fixed instant, so that the answer does not depend on when the host started. */
function hasShortGap(next: (afterMs: number) => number): boolean {
  let previousMs = next(0);
  for (let count = 0; count < 5; count += 1) {
    const followingMs = next(previousMs);
    if (followingMs - previousMs < minuteMs) return true;
    previousMs = followingMs;
  }
  return false;
}
