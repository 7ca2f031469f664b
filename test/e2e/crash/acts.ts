// By which a process comes to its point of death: a sweep, a stop, a read on demand, a look through the proxy, a
// notification, a registration, retention. Each act is one more life of an operation, or of several.
import { type Random, randomGuid } from '../../../dev/simulator/random.ts';
import type { Scene } from '../processes/scene.ts';
import { born, cleared, everyone, push, pushed, type Subject, stop, track } from './lives.ts';

export type Act = {
  readonly env?: Readonly<Record<string, string>>;
  /** What comes before, with a process that does not die. */
  readonly prepare?: (scene: Scene) => Promise<void>;
  /** One more time, to its answer or the death. */
  readonly act: (scene: Scene, random: Random) => Promise<readonly Subject[]>;
  /** What whoever got no answer does when the process is there again. */
  readonly again?: (scene: Scene, subject: Subject) => Promise<void>;
};

const minute = 60_000;
const day = 24 * 60 * minute;
const poll = 'pollCommsOperations';

async function sweepOne(scene: Scene): Promise<readonly Subject[]> {
  const subject = await track(scene, born(scene, 'completed'));
  await scene.run(poll);
  return [subject];
}

async function pushedAndCleared(scene: Scene, subject: Subject): Promise<void> {
  await pushed(scene, subject);
  await cleared(scene);
}

const size = 5;

async function trackSome(scene: Scene): Promise<readonly Subject[]> {
  const subjects: Subject[] = [];
  while (subjects.length < size) subjects.push(await track(scene, born(scene, 'completed')));
  return subjects;
}

export const acts = {
  /** A sweep that finds one operation ended. */
  sweep: { act: sweepOne },

  /** Several in one shared commit. */
  'sweep of five': {
    act: async (scene) => {
      const subjects = await trackSome(scene);
      await scene.run(poll);
      return subjects;
    },
  },

  /** The shared commit gets no clear answer, so that each change is tried alone. */
  'sweep that is taken apart': {
    act: async (scene) => {
      const subjects = await trackSome(scene);
      let isRefused = false;
      scene.storage.mode = (what) => {
        if (isRefused || what !== 'table POST') return 'pass';
        isRefused = true;
        return 'busy';
      };
      await scene.run(poll);
      scene.storage.mode = 'pass';
      return subjects;
    },
  },

  /** What a process could not send is there, and old enough. */
  'sweep of leftovers': {
    prepare: async (scene) => {
      scene.storage.mode = (what) => (what.startsWith('queue') ? 'busy' : 'pass');
      await sweepOne(scene);
      scene.storage.mode = 'pass';
      scene.storage.aheadMs += minute;
    },
    act: async (scene) => {
      await scene.run(poll);
      return everyone(scene);
    },
  },

  /** Graph asks to wait. */
  'sweep that is throttled': {
    act: async (scene) => {
      const subject = await track(scene, born(scene, 'completed'));
      scene.simulator.control.addFault({ fault: 'throttle', on: 'item', retryAfter: 3, times: 1 });
      await scene.run(poll);
      return [subject];
    },
  },

  /** A notification came before the registration. */
  'sweep of parked news': {
    env: { OPWATCH_CALLS_AUTO_TRACK: 'false' },
    prepare: async (scene) => {
      const subject = born(scene, 'running');
      await push(scene, subject);
      await pushed(scene, subject, true);
      await track(scene, subject);
    },
    act: async (scene) => {
      await scene.run(poll);
      return everyone(scene);
    },
  },

  stop: {
    act: async (scene) => {
      const subject = await track(scene, born(scene, 'running'));
      await stop(scene, subject);
      return [subject];
    },
    again: stop,
  },

  'poll now': {
    act: async (scene) => {
      const subject = await track(scene, born(scene, 'completed'));
      await scene.ask('POST', `/api/operations/${subject.key}/poll`);
      return [subject];
    },
    again: async (scene, { key }) => {
      const answer = await scene.ask('POST', `/api/operations/${key}/poll`);
      if (answer?.status !== 200 && answer?.status !== 409)
        throw new Error(`A poll answered ${answer?.status}`);
    },
  },

  'look through the proxy': {
    act: async (scene) => {
      const subject = await track(scene, born(scene, 'completed'));
      await scene.ask('GET', `/api/graph/v1.0${subject.path}`);
      return [subject];
    },
    again: async (scene, { path }) => {
      const answer = await scene.ask('GET', `/api/graph/v1.0${path}`);
      if (answer?.status !== 200) throw new Error(`A look answered ${answer?.status}`);
    },
  },

  notification: {
    act: async (scene) => {
      const subject = await track(scene, born(scene, 'running'));
      await push(scene, subject);
      await cleared(scene);
      return [subject];
    },
    again: pushedAndCleared,
  },

  /** Of an operation that nobody registered: it begins its tracking. */
  'first notification': {
    act: async (scene) => {
      const subject = born(scene, 'running');
      await push(scene, subject);
      await cleared(scene);
      return [subject];
    },
    again: pushedAndCleared,
  },

  /** The same where it is kept for a later registration. */
  'early notification': {
    env: { OPWATCH_CALLS_AUTO_TRACK: 'false' },
    act: async (scene) => {
      const subject = born(scene, 'running');
      await push(scene, subject);
      return [subject];
    },
    again: async (scene, subject) => {
      await pushed(scene, subject, true);
      await track(scene, subject);
    },
  },

  registration: {
    act: async (scene) => [await track(scene, born(scene, 'completed'))],
    again: async (scene, subject) => void (await track(scene, subject)),
  },

  /** Of a generation after one that has ended. */
  'new beginning': {
    prepare: async (scene) => {
      for (let count = 0; count < 3; count += 1)
        await stop(scene, await track(scene, born(scene, 'running')));
    },
    act: async (scene) => {
      const ended = await nextEnded(scene);
      scene.simulator.control.setStatus({ path: ended.path, status: 'completed' });
      return [await track(scene, ended, { restartAfter: ended.generation })];
    },
    again: async (scene, subject) => void (await track(scene, subject, { restartAfter: subject.generation })),
  },

  /** Graph's 202 to a PATCH, whose operation is tracked before the caller has it. */
  'change of a schema': {
    act: async (scene, random) => {
      const id = randomGuid(random).replaceAll('-', '');
      const { control } = scene.simulator;
      control.setBirth('connectionOperation', [{ afterMs: 0, status: 'completed' }]);
      control.addConnection({ id });
      const body = { properties: [{ name: 'title', type: 'String' }] };
      await scene.ask('PATCH', `/api/graph/v1.0/external/connections/${id}/schema`, body);
      const { path = '' } = control.ids().find((one) => one.path.includes(id)) ?? {};
      return [{ key: scene.witness.keyOf(path), path, generation: 0 }];
    },
    // Its caller has no answer, and finds the operation in Graph.
    again: async (scene, subject) => void (await track(scene, subject)),
  },

  retention: {
    prepare: async (scene) => {
      for (let count = 0; count < 3; count += 1)
        await stop(scene, await track(scene, born(scene, 'running')));
      await scene.witness.receive();
    },
    act: async (scene) => {
      scene.storage.aheadMs += 31 * day;
      await scene.run('cleanUp');
      return everyone(scene);
    },
    again: (scene) => scene.run('cleanUp'),
  },
} as const satisfies Readonly<Record<string, Act>>;

export type ActName = keyof typeof acts;

/** The first ended operation that was not begun again. */
async function nextEnded(scene: Scene): Promise<Subject> {
  const answer = await scene.ask('GET', '/api/operations?state=cancelled');
  const [first] = (answer?.json['value'] ?? []) as readonly {
    readonly key: string;
    readonly generation: number;
    readonly resource: { readonly path: string };
  }[];
  if (first === undefined) throw new Error('Nothing has ended.');
  return { key: first.key, path: first.resource.path, generation: first.generation };
}
