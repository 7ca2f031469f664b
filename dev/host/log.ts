// The host's log: one JSON object a line on stderr, so that stdout carries nothing but `ready`.
import type { LogLevel } from './core-types.ts';

export type LogFields = Readonly<Record<string, unknown>>;
export type HostLog = (level: LogLevel, fields: LogFields, message: string) => void;

const order: readonly LogLevel[] = ['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none'];

/** @param least lines below this level are dropped. */
export function createLog(least: LogLevel, write: (line: string) => void): HostLog {
  const leastRank = order.indexOf(least);
  return (level, fields, message) => {
    if (order.indexOf(level) < leastRank || level === 'none') return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level, ...fields, message })}\n`);
  };
}

/** What a log line or a refusal says of a thrown value: its message, never its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
