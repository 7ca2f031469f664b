// What a timer function is given. The library turns the names into camel case.
import type { TypedData } from './core-types.ts';

export type ScheduleStatus = { readonly Last: string; readonly Next: string; readonly LastUpdated: string };

/** @param status null where the host keeps no status: more than one occurrence a minute, or a run by hand. */
export function timerInput(status: ScheduleStatus | null, isPastDue: boolean): TypedData {
  const timer = { Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue: isPastDue };
  return { json: JSON.stringify(timer) };
}
