// What goes wrong in a soak: processes are killed, storage is stopped and started, requests to storage and to Graph fail in
// every way, and Graph asks to wait.
import { setTimeout as delay } from 'node:timers/promises';
import { type Azurite, startAzurite } from '../../../dev/azurite.ts';
import type { FaultInput } from '../../../dev/simulator/faults.ts';
import type { Random } from '../../../dev/simulator/random.ts';
import type { ProxyMode, StorageProxy } from '../../fixtures/storage-proxy.ts';
import type { Scene } from '../processes/scene.ts';
import type { Life } from './life.ts';

export type Disasters = {
  readonly kills: number;
  readonly outages: number;
  /** Requests to storage that were applied, and whose sender does not know. */
  readonly lostAnswers: number;
};

export type DisasterOptions = {
  readonly scene: Scene;
  readonly lives: readonly Life[];
  readonly azurite: { current: Azurite };
  readonly location: string;
  readonly random: Random;
  readonly untilMs: number;
};

/** A soak of 3 minutes has two outages, and some twenty deaths. */
const betweenOutagesMs = 60_000;
const [shortestLifeMs, longestLifeMs] = [5000, 15_000];
const betweenMoodsMs = 10_000;

/** Goes on until its time; then all is well again, and everything runs. */
export async function runDisasters(options: DisasterOptions): Promise<Disasters> {
  const { scene } = options;
  const storage = spoilStorage(scene.storage, options.random);
  const [kills, outages] = await Promise.all([killAll(options), stopStorage(options), changeMoods(options)]);
  scene.storage.mode = 'pass';
  scene.simulator.control.clearFaults();
  scene.simulator.control.clearQuotas();
  return { kills, outages, lostAnswers: storage.lostAnswers() };
}

async function killAll({ lives, scene, random, untilMs }: DisasterOptions): Promise<number> {
  let kills = 0;
  for (;;) {
    await delay(shortestLifeMs + random() * (longestLifeMs - shortestLifeMs));
    if (performance.now() >= untilMs) return kills;
    const life = lives[Math.floor(random() * lives.length)];
    await life?.kill();
    kills += 1;
    scene.witness.note({ by: 'host', type: 'crashed' });
    await life?.start();
    console.log(`killed and started, ${kills}`);
    scene.witness.note({ by: 'host', type: 'restarted' });
  }
}

/** It keeps what it acknowledged when it is asked to end. */
async function stopStorage({ azurite, location, scene, untilMs }: DisasterOptions): Promise<number> {
  let outages = 0;
  for (let nextMs = performance.now() + betweenOutagesMs / 2; nextMs < untilMs; nextMs += betweenOutagesMs) {
    await delay(nextMs - performance.now());
    scene.witness.note({ by: 'storage', type: 'fault', what: 'stopped' });
    await azurite.current.stop();
    azurite.current = await startAgain(location, azurite.current);
    scene.witness.note({ by: 'storage', type: 'fault', what: 'started' });
    outages += 1;
    console.log('storage was stopped and started');
  }
  return outages;
}

async function startAgain(location: string, urls: Azurite): Promise<Azurite> {
  for (;;) {
    try {
      return await startAzurite({ location, urls });
    } catch (error) {
      console.log(String(error)); // a machine under load takes its time: once more
    }
  }
}

/** Of a request to storage, in percent. */
const storageFaults: readonly (readonly [mode: ProxyMode, percent: number])[] = [
  ['busy', 2],
  ['reset', 1],
  ['500', 1],
  ['slow', 0.5],
  ['hang', 0.2],
  ['late', 0.2],
];
const isAmbiguous = new Set<ProxyMode>(['reset', '500', 'hang', 'late']);

function spoilStorage(storage: StorageProxy, random: Random): { readonly lostAnswers: () => number } {
  let lost = 0;
  storage.mode = () => {
    let dice = random() * 100;
    const [mode] = storageFaults.find(([, percent]) => (dice -= percent) < 0) ?? ['pass' as const];
    if (isAmbiguous.has(mode)) lost += 1;
    return mode;
  };
  return { lostAnswers: () => lost };
}

/** One or two of them at a time. */
const moods: readonly FaultInput[] = [
  { fault: 'status', on: 'item', status: 503, probability: 0.1 },
  { fault: 'status', on: 'request', status: 500, probability: 0.1 },
  { fault: 'status', on: 'request', status: 401, probability: 0.02 },
  { fault: 'throttle', on: 'item', retryAfter: 2.128, probability: 0.01 },
  { fault: 'throttle', on: 'request', retryAfter: 1, probability: 0.02 },
  { fault: 'reset', probability: 0.05 },
  { fault: 'hang', probability: 0.005 },
  { fault: 'latency', ms: 300, jitterMs: 500, probability: 0.2 },
  { fault: 'truncate', probability: 0.05 },
  { fault: 'html', probability: 0.05 },
  { fault: 'errorInOk', probability: 0.05 },
  { fault: 'batchMissing', count: 2, probability: 0.2 },
  { fault: 'batchDuplicate', count: 2, probability: 0.2 },
  { fault: 'batchOuter424', probability: 0.5 },
  { fault: 'stale', seconds: 5, probability: 0.3 },
  { fault: 'regression', probability: 0.1 },
  { fault: 'casing', form: 'mixed', probability: 0.2 },
  { fault: 'pushDelay', ms: 1000, jitterMs: 3000, probability: 0.3 },
  { fault: 'pushCopies', count: 3, probability: 0.2 },
  { fault: 'pushReorder', windowMs: 2000, probability: 0.3 },
  { fault: 'pushForged', form: 'badSignature', status: 'failed', beside: true, probability: 0.1 },
];

async function changeMoods({ scene, random, untilMs }: DisasterOptions): Promise<void> {
  const { control } = scene.simulator;
  const draw = (): FaultInput | undefined => moods[Math.floor(random() * moods.length)];
  // More than is asked for on average, so that it is reached now and then.
  control.setQuota({ kind: 'commsOperation', itemsPerSecond: 150, burst: 150 });
  while (performance.now() < untilMs) {
    control.clearFaults();
    control.addFault({ fault: 'pushRedelivery', everyMs: 500, factor: 1.5 });
    control.addFault({ fault: 'pushLoss', probability: 0.2 });
    for (const mood of [draw(), draw()]) if (mood !== undefined) control.addFault(mood);
    await delay(Math.min(betweenMoodsMs, Math.max(0, untilMs - performance.now())));
  }
}
