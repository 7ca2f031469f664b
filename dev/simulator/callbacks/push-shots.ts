// The workload of a receiver under load: distinct operations that live side by side in the world, each from its first
// notification to its last, and between them what a platform sends beside.
import { z } from 'zod';
import type { ChangeType } from '../faults.ts';
import type { Operation, World } from '../operations.ts';
import { type Random, randomGuid } from '../random.ts';
import { type Step, usualEnd } from '../scripts.ts';
import { changeTypeOf } from './changes.ts';
import { collectionOf, operationNotification, participantsNotification } from './notifications.ts';

const share = z.number().min(0).max(1);

export const shotsSchema = z.strictObject({
  /** Distinct operations, which begin again once all have been; absent: always new ones. */
  operations: z.int().min(1).optional(),
  /** Operations that run at a time. */
  running: z.int().min(1).default(200),
  perCall: z.int().min(1).default(4),
  mix: z
    .strictObject({
      /** Notifications between the first and the last of an operation. */
      updates: z.int().min(0).default(1),
      /** Operations that fail. */
      failed: share.default(0.05),
      // Shares of notifications that are followed by one of these.
      copies: share.default(0.02),
      participants: share.default(0.05),
      forged: share.default(0),
    })
    .prefault({}),
  /** Another one each time when absent. */
  seed: z.int().optional(),
});
type Workload = z.output<typeof shotsSchema>;

export type ShotName = ChangeType | 'copy' | 'participants' | 'forged';

/** One POST: what it is, about which operation or call, and its body. */
export type Shot = { readonly name: ShotName; readonly path: string; readonly body: string };

/** Endless. Operations are in the world from their first notification on, and say there what was told of them. */
export function* shotsOf(workload: Workload, world: World, random: Random): Generator<Shot, never> {
  const { running, mix } = workload;
  const places = placesOf(workload, random);
  for (;;) {
    const lives = Array.from({ length: running }, () => ({
      place: places.next().value,
      end: usualEnd('commsOperation', random() < mix.failed ? 'failed' : 'completed'),
    }));
    for (let round = 0; round < mix.updates + 2; round++) {
      for (const { place, end } of lives) {
        const said = round > mix.updates ? end : { status: round === 0 ? 'notStarted' : 'running' };
        const shot = say(world, place, { round, said });
        yield shot;
        yield* besides(shot, mix, random);
      }
    }
  }
}

type Place = { readonly callId: string; readonly id: string };

/** Where operations live: new places, or the first so many again and again. */
function* placesOf({ operations, perCall }: Workload, random: Random): Generator<Place, never> {
  const kept: Place[] = [];
  let callId = '';
  for (let index = 0; ; index++) {
    if (operations !== undefined && index >= operations) {
      yield kept[index % operations] as Place;
    } else {
      callId = index % perCall === 0 ? randomGuid(random) : callId;
      const place = { callId, id: randomGuid(random) };
      if (operations !== undefined) {
        kept.push(place);
      }
      yield place;
    }
  }
}

function say(
  world: World,
  { callId, id }: Place,
  { round, said }: { readonly round: number; readonly said: Omit<Step, 'afterMs'> },
): Shot {
  const operation = round === 0 ? begin(world, { callId, id }, said) : proceed(world, { callId, id }, said);
  const changeType = changeTypeOf(said.status, round);
  const change = { changeType, step: { afterMs: 0, ...said }, index: round };
  return shotOf(changeType, operation.path, operationNotification(operation, change));
}

/** The load tells of it by itself. */
function begin(world: World, { callId, id }: Place, said: Omit<Step, 'afterMs'>): Operation {
  return world.addOperation({
    kind: 'commsOperation',
    parent: callId,
    id,
    script: [{ afterMs: 0, ...said }],
    properties: { '@odata.type': '#microsoft.graph.playPromptOperation', clientContext: id },
    announced: false,
  });
}

function proceed(world: World, { callId, id }: Place, said: Omit<Step, 'afterMs'>): Operation {
  return world.changeStatus({ path: `/communications/calls/${callId}/operations/${id}`, ...said });
}

function* besides(shot: Shot, mix: Workload['mix'], random: Random): Generator<Shot, void> {
  if (random() < mix.copies) {
    yield { ...shot, name: 'copy' };
  }
  if (random() < mix.participants) {
    const callPath = shot.path.split('/').slice(0, 4).join('/');
    const told = participantsNotification(callPath, [randomGuid(random), randomGuid(random)]);
    yield shotOf('participants', told.resourceUrl ?? callPath, told);
  }
  if (random() < mix.forged) {
    yield { ...shot, name: 'forged' };
  }
}

function shotOf(name: ShotName, path: string, notification: unknown): Shot {
  return { name, path, body: JSON.stringify(collectionOf([notification])) };
}
