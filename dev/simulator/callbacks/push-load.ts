// A receiver under load: notifications at a steady rate, whatever the receiver does, as a platform sends them.
// Latency counts from the moment of sending; how late the sender itself was is reported beside it.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { World } from '../operations.ts';
import { createRandom, type Random } from '../random.ts';
import { type MessageIds, pushHeaders } from './push-headers.ts';
import { createLatencies, type LatencyView } from './push-log.ts';
import { type Shot, type ShotName, shotsOf, shotsSchema } from './push-shots.ts';
import type { PushTokens } from './push-tokens.ts';
import type { Outcome, Receipt, Sender } from './sender.ts';
import { targetSchema } from './targets.ts';

const loadSchema = targetSchema.extend(shotsSchema.shape).extend({
  ratePerSecond: z.number().positive().max(100_000),
  seconds: z.number().positive().max(3600),
  deadlineMs: z.number().positive().default(5000),
});
export type PushLoadInput = z.input<typeof loadSchema>;
type Load = z.output<typeof loadSchema>;

export type PushLoadReport = {
  readonly sent: number;
  /** Time of sending; the last answers may come later. */
  readonly seconds: number;
  /** As it was reached. */
  readonly ratePerSecond: number;
  /** Distinct ones. */
  readonly operations: number;
  readonly byName: Readonly<Partial<Record<ShotName, number>>>;
  readonly byOutcome: Readonly<Partial<Record<Outcome, number>>>;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Of all that were answered, forged ones left out. */
  readonly latencyMs: LatencyView;
  /** How late the sender was at most. */
  readonly maxLagMs: number;
  readonly maxUnderWay: number;
};

type Deps = {
  readonly random: Random;
  readonly world: World;
  readonly tokens: PushTokens;
  readonly sender: Sender;
};

/** @returns run, which sends for so long and reports once the last answer came, and stop, which ends it early */
export function createPushLoad({ random, world, tokens, sender }: Deps) {
  const stopping = new AbortController();

  async function fire(shot: Shot, load: Load, ids: MessageIds): Promise<Receipt> {
    const isForged = shot.name === 'forged';
    const token = isForged ? await tokens.forged(load, 'badSignature') : await tokens.token(load);
    const { uri, deadlineMs } = load;
    return await sender.post({
      uri,
      headers: pushHeaders(ids, shot.path, token),
      body: shot.body,
      deadlineMs,
    });
  }

  return {
    /** @throws ZodError for a wrong input. */
    async run(input: PushLoadInput): Promise<PushLoadReport> {
      const load = loadSchema.parse(input);
      // Key and token are made before the clock starts, as a platform has them.
      await tokens.token(load);
      const { seed = Math.floor(random() * 0x1_0000_0000) } = load;
      const shots = shotsOf(load, world, createRandom(seed));
      const nextIds = idsOf();
      const score = createScore();
      const underWay = new Set<Promise<void>>();
      const isPaced = { ...load, signal: stopping.signal };
      const { sent, seconds } = await atPace(isPaced, (lagMs) => {
        const shot = shots.next().value;
        const flight = fire(shot, load, nextIds(shot)).then((receipt) => score.answered(shot, receipt));
        underWay.add(flight);
        void flight.finally(() => underWay.delete(flight));
        score.fired(shot, { lagMs, underWay: underWay.size });
      });
      await Promise.all(underWay);
      return { sent, seconds, ratePerSecond: sent / seconds, ...score.report() };
    },
    stop: (): void => stopping.abort(),
  };
}

type Pace = { readonly ratePerSecond: number; readonly seconds: number; readonly signal: AbortSignal };

/** Fires at even distances in real time; what was missed is made up for at once, and told how late it is. */
async function atPace(
  { ratePerSecond, seconds, signal }: Pace,
  fire: (lagMs: number) => void,
): Promise<{ readonly sent: number; readonly seconds: number }> {
  const total = Math.round(ratePerSecond * seconds);
  const startedMs = performance.now();
  const lagMs = (index: number): number => performance.now() - startedMs - (index * 1000) / ratePerSecond;
  let sent = 0;
  while (sent < total && !signal.aborted) {
    while (sent < total && lagMs(sent) >= 0) {
      fire(lagMs(sent));
      sent += 1;
    }
    await pause(Math.max(1, -lagMs(sent)), signal);
  }
  return { sent, seconds: (performance.now() - startedMs) / 1000 };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // Stopped: the caller looks at the signal.
  }
}

/** New ids for each shot but a copy, which goes under those of the one before it. */
function idsOf(): (shot: Shot) => MessageIds {
  let ids: MessageIds = { chain: '', original: '', message: '' };
  return ({ name }) => {
    const id = randomUUID();
    ids = name === 'copy' ? ids : { chain: randomUUID(), original: id, message: id };
    return ids;
  };
}

function createScore() {
  const latencies = createLatencies();
  const paths = new Set<string>();
  const byName: Partial<Record<ShotName, number>> = {};
  const byOutcome: Partial<Record<Outcome, number>> = {};
  const byStatus: Record<string, number> = {};
  let maxLagMs = 0;
  let maxUnderWay = 0;

  return {
    fired({ name, path }: Shot, now: { readonly lagMs: number; readonly underWay: number }): void {
      byName[name] = (byName[name] ?? 0) + 1;
      maxLagMs = Math.max(maxLagMs, now.lagMs);
      maxUnderWay = Math.max(maxUnderWay, now.underWay);
      if (name !== 'participants') {
        paths.add(path);
      }
    },
    answered({ name }: Shot, { outcome, status, latencyMs }: Receipt): void {
      byOutcome[outcome] = (byOutcome[outcome] ?? 0) + 1;
      if (status !== null) {
        byStatus[status] = (byStatus[status] ?? 0) + 1;
      }
      if (status !== null && name !== 'forged') {
        latencies.add(latencyMs);
      }
    },
    report: () => ({
      operations: paths.size,
      byName,
      byOutcome,
      byStatus,
      latencyMs: latencies.view(),
      maxLagMs,
      maxUnderWay,
    }),
  };
}
