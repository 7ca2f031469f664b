// What the world does in a soak: operations are born at a rate of transitions, registered by callers who ask again until
// they are answered, looked at, stopped and begun again.
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../dev/simulator/random.ts';
import type { Kind, Script } from '../../../dev/simulator/scripts.ts';
import { tenant } from '../../fixtures/issuer.ts';
import type { Answer } from '../processes/host-process.ts';
import { bot, type Scene } from '../processes/scene.ts';

export type LoadOptions = {
  readonly scene: Scene;
  readonly random: Random;
  readonly transitionsPerSecond: number;
  readonly untilMs: number;
};

export type Load = {
  /** How many there were in Graph. */
  readonly transitions: number;
  /** What callers were told and should not have been. */
  readonly wrongAnswers: readonly string[];
};

type Tracked = { readonly key: string; readonly path: string; readonly generation: number };
type Born = { readonly key: string; readonly path: string };

/** By kind: its share, and the words of a life. */
const lives: readonly { readonly kind: Kind; readonly share: number; readonly words: readonly string[] }[] = [
  { kind: 'commsOperation', share: 0.6, words: ['notStarted', 'running', 'completed'] },
  { kind: 'connectionOperation', share: 0.35, words: ['inprogress', 'completed'] },
  { kind: 'onenoteOperation', share: 0.05, words: ['Running', 'Completed'] },
];
/** A word is in force for so long: longer than the time between two polls, mostly. */
const shortestWordMs = 2000;
const longestWordMs = 12_000;
/** Ever later, or many who insist would keep a slow machine from ever answering one of them. */
const retryMs = 300;
const longestRetryMs = 5000;
const mostAtOnce = 100;
const betweenLinesMs = 15_000;

/** Goes on until its time, and then until every caller has an answer. */
export async function runLoad(options: LoadOptions): Promise<Load> {
  const { scene, random, transitionsPerSecond, untilMs } = options;
  const callers: Promise<void>[] = [];
  const alive: Tracked[] = [];
  let transitions = 0;
  let owed = 0;
  const unanswered = new Set<Promise<void>>();
  const wrongAnswers: string[] = [];
  let nextLineMs = performance.now() + betweenLinesMs;
  subscribe(scene);
  for (let lastMs = performance.now(); performance.now() < untilMs; ) {
    await delay(1000);
    const nowMs = performance.now();
    owed += (transitionsPerSecond * (nowMs - lastMs)) / 1000;
    lastMs = nowMs;
    const born: Born[] = [];
    // On a machine that stood still more is owed than a request may hold.
    while (owed > 0 && born.length < mostAtOnce) {
      const { path, count } = bear(scene, random);
      born.push({ key: scene.witness.keyOf(path), path });
      owed -= count;
      transitions += count;
    }
    for (const one of [register(scene, born, alive), ...visit(options, alive)]) {
      unanswered.add(one);
      const told = one.catch((error: unknown) => void wrongAnswers.push(String(error)));
      callers.push(told.finally(() => unanswered.delete(one)));
    }
    if (performance.now() >= nextLineMs) {
      nextLineMs += betweenLinesMs;
      console.log(`${transitions} transitions, ${unanswered.size} callers wait`);
    }
  }
  console.log(`${unanswered.size} callers still wait`);
  await Promise.all(callers);
  return { transitions, wrongAnswers };
}

/** Of calls the ends are told, though some of it is lost. */
function subscribe(scene: Scene): void {
  const uri = `${scene.url()}/api/notifications/calls`;
  scene.simulator.control.addCallback({
    uri,
    appId: bot,
    tenantId: tenant,
    where: { kind: 'commsOperation' },
  });
}

function bear(scene: Scene, random: Random): { readonly path: string; readonly count: number } {
  let dice = random();
  const life = lives.find(({ share }) => (dice -= share) < 0) ?? lives[0];
  if (life === undefined) throw new Error('There is no life.');
  let afterMs = 0;
  const script: Script = life.words.map((word, index) => {
    if (index > 0) afterMs += Math.round(shortestWordMs + random() * (longestWordMs - shortestWordMs));
    const isFailure = index === life.words.length - 1 && random() < 0.2;
    return { afterMs, status: isFailure ? failureOf(word) : word };
  });
  const { path } = scene.simulator.control.addOperation({ kind: life.kind, script });
  return { path, count: script.length };
}

function failureOf(word: string): string {
  return word === 'Completed' ? 'Failed' : 'failed';
}

/** Asks until there is an answer: a 503, or none, is no answer. */
async function insist(ask: () => Promise<Answer | null>): Promise<Answer> {
  for (let waitMs = retryMs; ; waitMs = Math.min(waitMs * 1.5, longestRetryMs)) {
    const answer = await ask();
    if (answer !== null && answer.status < 500 && answer.status !== 429) return answer;
    await delay(waitMs);
  }
}

async function register(scene: Scene, born: readonly Born[], alive: Tracked[]): Promise<void> {
  let left = born;
  while (left.length > 0) {
    const operations = left.map(({ path }) => ({ resource: path }));
    const { status, json } = await insist(() => scene.ask('POST', '/api/operations', { operations }));
    if (status !== 200) throw new Error(`Registering answered ${status}: ${JSON.stringify(json)}`);
    const results = json['results'] as readonly {
      readonly status: number;
      readonly operation?: { readonly key: string; readonly generation: number };
    }[];
    left = left.filter(({ key, path }, index) => {
      const { status: own = 500, operation } = results[index] ?? {};
      if (own >= 500) return true; // storage is busy: once more
      if (operation?.key !== key) throw new Error(`Registering ${path} answered ${own}`);
      noteTracked(scene, { key, path, generation: operation.generation }, own === 201);
      alive.push({ key, path, generation: operation.generation });
      return false;
    });
    if (left.length > 0) await delay(retryMs);
  }
}

function noteTracked(scene: Scene, { key, generation }: Tracked, created: boolean): void {
  scene.witness.note({ by: 'caller', type: 'tracked', key, generation, created });
}

/** Each second some caller stops one, one reads Graph now, one looks through the proxy, one begins again. */
function visit({ scene, random }: LoadOptions, alive: Tracked[]): readonly Promise<void>[] {
  const [first, second, third] = [take(), take(), take()];
  return [
    ...(first === undefined ? [] : [stop(scene, first)]),
    ...(second === undefined ? [] : [look(scene, second)]),
    ...(third === undefined ? [] : [beginAgain(scene, third)]),
  ];

  function take(): Tracked | undefined {
    return alive.splice(Math.floor(random() * alive.length), 1)[0];
  }
}

async function stop(scene: Scene, { key, generation }: Tracked): Promise<void> {
  scene.witness.note({ by: 'caller', type: 'stopAsked', key, generation });
  const path = `/api/operations/${key}?generation=${generation}`;
  const { status } = await insist(() => scene.ask('DELETE', path));
  if (status !== 200) throw new Error(`A stop answered ${status}`);
  scene.witness.note({ by: 'caller', type: 'stopped', key, generation });
}

/** One try each: what is not answered was not important. */
async function look(scene: Scene, { key, path }: Tracked): Promise<void> {
  await scene.ask('POST', `/api/operations/${key}/poll`);
  await scene.ask('GET', `/api/graph/v1.0${path}`);
}

/** Of a running one it has no effect. */
async function beginAgain(scene: Scene, { key, path, generation }: Tracked): Promise<void> {
  const body = { resource: path, restartAfter: generation };
  const { status, json } = await insist(() => scene.ask('POST', '/api/operations', body));
  if (status !== 200 && status !== 201) throw new Error(`A new beginning answered ${status}`);
  noteTracked(scene, { key, path, generation: Number(json['generation']) }, status === 201);
}
