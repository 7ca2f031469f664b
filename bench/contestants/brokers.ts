// Brokers of peers: whether one answers on this machine, and what it has done, by its own count.
import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { processTimes, treeCpuMs } from '../process-usage.ts';
import type { BrokerUse } from './contestant.ts';

const answerWithinMs = 1000;

export function redisConnection(): { readonly host: string; readonly port: number } {
  return addressOf(process.env['BENCH_REDIS'] ?? 'redis://127.0.0.1:6379', 6379);
}

export function postgresUrl(): string {
  return process.env['BENCH_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
}

/** Why Redis can't be used; null when it can. */
export async function redisMissing(): Promise<string | null> {
  return (await answers(redisConnection())) ? null : 'no Redis answers';
}

/** Why PostgreSQL can't be used; null when it can. */
export async function postgresMissing(): Promise<string | null> {
  if (!(await answers(addressOf(postgresUrl(), 5432)))) return 'no PostgreSQL answers';
  try {
    await postgresUse();
    return null;
  } catch (error) {
    return `PostgreSQL refuses: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Commands as their clients sent them and as scripts made them. */
export async function redisUse(): Promise<BrokerUse> {
  const redis = new Redis(redisConnection());
  try {
    const info = await redis.info();
    const read = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);
    const cpuSeconds = read('used_cpu_user') + read('used_cpu_sys');
    return { operations: read('total_commands_processed'), cpuMs: cpuSeconds * 1000 };
  } finally {
    redis.disconnect();
  }
}

/** Transactions, and the CPU of all processes of a server on this machine. */
export async function postgresUse(): Promise<BrokerUse> {
  const client = new Client({ connectionString: postgresUrl() });
  await client.connect();
  try {
    const { rows } = await client.query<{ readonly count: string; readonly pid: number }>(
      `SELECT xact_commit + xact_rollback AS count, pg_backend_pid() AS pid
       FROM pg_stat_database WHERE datname = current_database()`,
    );
    const [row] = rows;
    return { operations: Number(row?.count ?? 0), cpuMs: row === undefined ? null : serverCpuMs(row.pid) };
  } finally {
    await client.end();
  }
}

function serverCpuMs(backendPid: number): number | null {
  const backend = processTimes(backendPid);
  return backend && treeCpuMs(backend.parentPid);
}

function addressOf(url: string, usualPort: number): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: port === '' ? usualPort : Number(port) };
}

async function answers(address: { readonly host: string; readonly port: number }): Promise<boolean> {
  const socket = connect(address);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  const timer = setTimeout(() => resolve(false), answerWithinMs);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
