// What operations and those who care for them do in a scene, each noted as far as somebody was told of it.
import { tenant } from '../../fixtures/issuer.ts';
import type { Answer } from '../processes/host-process.ts';
import { bot, type Scene } from '../processes/scene.ts';
import { until } from '../processes/until.ts';

/** What an act is about, so that it can be looked at and done again. */
export type Subject = { readonly key: string; readonly path: string; readonly generation: number };

/** An operation in Graph that says so since a second: whoever subscribes now is not told of that any more. */
export function born(scene: Scene, status: string): Subject {
  const { path } = scene.simulator.control.addOperation({
    kind: 'commsOperation',
    script: [{ afterMs: 0, status }],
    startMs: Date.now() + scene.storage.aheadMs - 1000,
  });
  return { key: scene.witness.keyOf(path), path, generation: 0 };
}

export async function track(scene: Scene, subject: Subject, more: object = {}): Promise<Subject> {
  const answer = await scene.ask('POST', '/api/operations', { resource: subject.path, ...more });
  return tracked(scene, subject, answer);
}

function tracked(scene: Scene, subject: Subject, answer: Answer | null): Subject {
  if (answer === null) return subject;
  if (answer.status !== 200 && answer.status !== 201) throw new Error(`Tracking answered ${answer.status}`);
  const generation = Number(answer.json['generation']);
  const { key } = subject;
  scene.witness.note({ by: 'caller', type: 'tracked', key, generation, created: answer.status === 201 });
  return { ...subject, generation };
}

export async function stop(scene: Scene, { key, generation }: Subject): Promise<void> {
  scene.witness.note({ by: 'caller', type: 'stopAsked', key, generation });
  const answer = await scene.ask('DELETE', `/api/operations/${key}`);
  if (answer?.status === 200) scene.witness.note({ by: 'caller', type: 'stopped', key, generation });
}

/** Notifications begin with the next change, and are repeated until they are taken. */
function subscribe(scene: Scene): void {
  const { control } = scene.simulator;
  if (control.faults().length === 0) control.addFault({ fault: 'pushRedelivery', everyMs: 200, factor: 1 });
  const uri = `${scene.url()}/api/notifications/calls`;
  control.addCallback({ uri, appId: bot, tenantId: tenant, where: { kind: 'commsOperation' } });
}

export async function push(scene: Scene, subject: Subject): Promise<void> {
  const { control } = scene.simulator;
  const answered = control.pushes().length;
  subscribe(scene);
  control.setStatus({ path: subject.path, status: 'completed' });
  await until(() => scene.isDead() || isAnswered(scene, answered), { withinMs: 10_000 });
  control.clearCallbacks(); // of the next operation only the end is told
}

function isAnswered({ simulator }: Scene, from: number): boolean {
  return simulator.control
    .pushes()
    .slice(from)
    .some(({ outcome }) => outcome !== 'pending');
}

/**
 * Who sends a notification does not wait for its outbox row, which goes half a second later: those of several would be
 * cleared together, and a clock that is moved meanwhile would make it old. What a dead process left behind stays.
 */
export async function cleared(scene: Scene): Promise<void> {
  const isClear = async (): Promise<boolean> =>
    !(await scene.witness.rows()).some(({ rowKey }) => rowKey.startsWith('outbox!'));
  await until(async () => scene.isDead() || (await isClear()), { withinMs: 2000 });
}

/** The platform goes on until it has a good answer. */
export async function pushed(scene: Scene, { key, path }: Subject, isParked = false): Promise<void> {
  const isTaken = await until(
    () =>
      scene.simulator.control
        .pushes()
        .some(({ outcome, items }) => outcome === 'accepted' && items.some((item) => item.path === path)),
    { withinMs: 15_000 },
  );
  if (!isTaken) throw new Error('The notification was never taken.');
  scene.witness.note({ by: 'platform', type: 'pushAcked', key, word: 'completed', parked: isParked });
}

/** All that there are in Graph. */
export function everyone(scene: Scene): readonly Subject[] {
  return scene.simulator.control
    .ids()
    .map(({ path }) => ({ key: scene.witness.keyOf(path), path, generation: 0 }));
}
