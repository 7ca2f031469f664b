// The checks of the running app, by its address. The first request wakes it; the others wait for that.
import { isLoopback } from '../../../src/config/settings.ts';
import { type Node, outcomeOf, type Run } from '../run.ts';
import type { Reading } from '../settings/reading.ts';
import { skip } from '../verdict.ts';
import {
  judgeCallers,
  judgeCallNotification,
  judgeDocument,
  judgeHandshake,
  judgeLive,
  judgeReady,
} from './judge.ts';
import { type AppProbe, createAppProbe } from './probe.ts';

/** @param url null: nobody said where the app is. */
export function addAppChecks(run: Run, values: Node<Reading>, url: string | null): void {
  const app: Node<AppProbe> = run.add('app.live', {}, async () => {
    if (url === null) return { verdicts: [skip('Nobody said where the app is: --url https://….')] };
    const probe = createAppProbe(url);
    return outcomeOf(judgeLive(await probe.live(), url), probe);
  });
  run.add('app.ready', { app }, async ({ app: probe }) => ({ verdicts: [judgeReady(await probe.ready())] }));
  run.add('app.callers', { app, values }, async ({ app: probe, values: { draft } }) => {
    const at = { mode: draft.callerAuth?.mode ?? null, isLoopback: isLoopback(new URL(url ?? '').hostname) };
    return { verdicts: [judgeCallers(await probe.operations(), at)] };
  });
  run.add('app.document', { app }, async ({ app: probe }) => ({
    verdicts: [judgeDocument(await probe.document())],
  }));
  run.add('app.changeNotifications', { app }, async ({ app: probe }) => ({
    verdicts: [judgeHandshake(await probe.handshake())],
  }));
  run.add('app.callNotifications', { app, values }, async ({ app: probe, values: { draft, whyNot } }) => {
    const isOn = whyNot('calls') === null ? draft.calls !== null : null;
    return { verdicts: [judgeCallNotification(await probe.callNotification(), isOn)] };
  });
}
