// Switches of what becomes of notifications: lost, late, twice, early, together, again.
import { expect } from 'vitest';
import { startMs } from './harness.ts';
import { path, scene, sends } from './push-scene.ts';
import { callId, type SwitchCase } from './switch-case.ts';

export const pushCases: readonly SwitchCase[] = [
  {
    name: 'a lost end',
    fault: { fault: 'pushLoss', where: { changeType: 'deleted' } },
    see: scene(async ({ bench, receiver }) => {
      const { control } = bench.simulator;
      await control.settlePushes();
      bench.advance(60_000);
      await control.settlePushes();
      expect(receiver.heard()).toEqual(['created running']);
      expect(control.pushes()).toMatchObject([
        { outcome: 'accepted', status: 202, atMs: startMs },
        { outcome: 'lost', status: null, atMs: startMs + 60_000 },
      ]);
    }),
  },
  {
    name: 'a late notification, which says what was true',
    fault: { fault: 'pushDelay', ms: 90_000, times: 1 },
    see: scene(async ({ bench, receiver }) => {
      const { control } = bench.simulator;
      await control.settlePushes();
      bench.advance(60_000);
      await control.settlePushes();
      expect(receiver.heard()).toEqual(['deleted completed']);
      bench.advance(30_000);
      await control.settlePushes();
      expect(receiver.heard()).toEqual(['deleted completed', 'created running']);
    }),
  },
  {
    name: 'copies with the same ids and bytes',
    fault: { fault: 'pushCopies', count: 2, where: { changeType: 'deleted' } },
    see: sends((received, receiver) => {
      const ended = ['deleted completed', 'deleted completed', 'deleted completed'];
      expect(receiver.heard()).toEqual(['created running', ...ended]);
      const ids = received.slice(1).map(({ headers }) => headers['x-microsoft-skype-message-id']);
      expect(new Set(ids).size).toBe(1);
    }),
  },
  {
    name: 'another order',
    fault: { fault: 'pushReorder', windowMs: 600_000, where: { changeType: 'created' }, times: 1 },
    see: scene(async ({ bench, receiver }) => {
      const { control } = bench.simulator;
      await control.settlePushes();
      bench.simulator.control.setStatus({ path, status: 'completed' });
      await control.settlePushes();
      bench.advance(600_000);
      await control.settlePushes();
      expect(receiver.heard()).toEqual(['deleted completed', 'created running']);
    }),
  },
  {
    name: 'an end before GET shows it',
    fault: { fault: 'pushEarly', ms: 5000, where: { changeType: 'deleted' } },
    see: scene(async ({ bench, receiver }) => {
      const { control } = bench.simulator;
      await control.settlePushes();
      // No timer knows that the clock has moved: it is the reader who finds the end due.
      bench.advance(60_000);
      const read = async () => (await bench.send(`/v1.0${path}`)).json;
      expect(await read()).toMatchObject({ status: 'running' });
      await control.settlePushes();
      expect(receiver.heard()).toEqual(['created running', 'deleted completed']);
      bench.advance(4999);
      expect(await read()).toMatchObject({ status: 'running', resultInfo: null });
      bench.advance(1);
      expect(await read()).toMatchObject({ status: 'completed' });
    }),
  },
  {
    name: 'a beginning before GET finds it',
    fault: { fault: 'pushEarly', ms: 5000, times: 1 },
    see: scene(async ({ bench, receiver }) => {
      await bench.simulator.control.settlePushes();
      expect(receiver.heard()).toEqual(['created running']);
      const before = (await bench.send(`/v1.0${path}`)).status;
      bench.advance(5000);
      expect([before, (await bench.send(`/v1.0${path}`)).status]).toEqual([404, 200]);
    }),
  },
  {
    name: 'several changes in one collection',
    fault: { fault: 'pushTogether', windowMs: 1000 },
    see: scene(async ({ bench, receiver }) => {
      const { control } = bench.simulator;
      control.addOperation({ kind: 'commsOperation', parent: callId, id: 'op2' });
      await control.settlePushes();
      const before = receiver.received.length;
      bench.advance(1000);
      await control.settlePushes();
      expect([before, receiver.received.map(({ body }) => body.value.length)]).toEqual([0, [2]]);
    }),
  },
  {
    name: 'full collections at once',
    fault: { fault: 'pushTogether', windowMs: 60_000, max: 2 },
    see: scene(async ({ bench, receiver }) => {
      const { control } = bench.simulator;
      control.addOperation({ kind: 'commsOperation', parent: callId, id: 'op2' });
      await control.settlePushes();
      expect(receiver.received.map(({ body }) => body.value.length)).toEqual([2]);
    }),
  },
  {
    name: 'items that are none beside a good one',
    fault: { fault: 'pushStrangers', times: 1 },
    see: sends(([first, second]) => {
      expect(first?.body.value[0]).toMatchObject({ resourceUrl: path });
      expect(first?.body.value.slice(1)).toContainEqual(null);
      expect(second?.body.value).toHaveLength(1);
    }),
  },
  {
    name: 'participants as an array',
    fault: { fault: 'pushParticipants', count: 3, times: 1 },
    see: sends((received) => {
      expect(received.map(({ body }) => String(body.value[0]?.resourceUrl)).toSorted()).toEqual([
        path,
        path,
        `/communications/calls/${callId}/participants`,
      ]);
      const told = received
        .flatMap(({ body }) => body.value)
        .find(({ resourceData }) => Array.isArray(resourceData));
      expect(told?.resourceData).toHaveLength(3);
    }),
  },
  {
    name: 'a forged end beside the truth',
    fault: { fault: 'pushForged', form: 'otherKey', status: 'failed', beside: true, times: 1 },
    see: sends((received, receiver) => {
      const forged = received.filter(({ claims }) => claims === null).map(({ body }) => body.value[0]);
      expect(forged).toMatchObject([{ changeType: 'deleted', resourceData: { status: 'failed' } }]);
      expect(receiver.heard()).toEqual(['created running', 'deleted completed']);
    }),
  },
  {
    name: 'redelivery until it is accepted, ever more slowly',
    fault: { fault: 'pushRedelivery', everyMs: 1000, forMs: 60_000 },
    see: scene(async ({ bench, receiver }) => {
      receiver.status = 503;
      const { control } = bench.simulator;
      const counts: number[] = [];
      for (const waitMs of [0, 999, 1, 1999, 1, 4000]) {
        bench.advance(waitMs);
        receiver.status = waitMs === 4000 ? 202 : 503;
        await control.settlePushes();
        counts.push(receiver.received.length);
      }
      expect(counts).toEqual([1, 1, 2, 2, 3, 4]);
      expect(control.stats().pushes).toMatchObject({
        sent: 4,
        redelivered: 3,
        refused: 3,
        accepted: 1,
        givenUp: 0,
      });
      const ids = (name: string) => new Set(receiver.received.map(({ headers }) => headers[name]));
      expect(ids('x-microsoft-skype-original-message-id').size).toBe(1);
      expect(ids('x-microsoft-skype-message-id').size).toBe(4);
    }),
  },
  {
    name: 'redelivery given up in the end',
    fault: { fault: 'pushRedelivery', everyMs: 1000, forMs: 2000, factor: 1 },
    see: scene(async ({ bench, receiver }) => {
      receiver.status = 500;
      const { control } = bench.simulator;
      for (let second = 0; second < 6; second++) {
        await control.settlePushes();
        bench.advance(1000);
      }
      expect(receiver.received).toHaveLength(3);
      expect(control.stats().pushes).toMatchObject({ refused: 3, givenUp: 1 });
    }),
  },
  {
    name: 'no redelivery of what was forged',
    fault: { fault: 'pushRedelivery', everyMs: 1000 },
    see: scene(async ({ bench, receiver }) => {
      const { control } = bench.simulator;
      control.addFault({ fault: 'pushForged', form: 'garbage' });
      await control.settlePushes();
      bench.advance(1000);
      await control.settlePushes();
      expect(receiver.received).toHaveLength(1);
    }),
  },
  {
    name: 'a sender that does not wait',
    fault: { fault: 'pushDeadline', ms: 30 },
    see: scene(async ({ bench, receiver }) => {
      receiver.status = 0;
      const { control } = bench.simulator;
      await control.settlePushes();
      expect(control.pushes()).toMatchObject([{ outcome: 'timedOut', status: null }]);
      expect(control.stats().pushes).toMatchObject({ sent: 1, timedOut: 1, byStatus: {} });
    }),
  },
];
