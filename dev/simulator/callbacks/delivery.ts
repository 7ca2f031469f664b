// Puts messages on the wire: one resource's in the order of their sending, each after the answer to the one before,
// unless a switch mixes them up. What was not accepted may be sent again, if a switch says so; a platform that
// redelivers is nowhere documented.
import { randomUUID } from 'node:crypto';
import type { Faults, Subject, SwitchParameters } from '../faults.ts';
import type { Agenda } from './agenda.ts';
import { type MessageIds, type PushHeaders, pushHeaders } from './push-headers.ts';
import type { PushItem, PushLog } from './push-log.ts';
import type { Forgery, PushTokens } from './push-tokens.ts';
import type { Receipt, Sender } from './sender.ts';
import type { Target } from './targets.ts';

export type Message = {
  readonly target: Target;
  readonly items: readonly PushItem[];
  readonly body: string;
  readonly subject: Subject;
  readonly forgery: Forgery | null;
  /** Sent at once beside the first. */
  readonly copies: number;
  /** Waits for the message before it of the same resource. */
  readonly isInLine: boolean;
};

/** No deadline is documented; one public receiver was told five seconds. */
const usualDeadlineMs = 5000;

type Deps = {
  readonly now: () => number;
  readonly faults: Faults;
  readonly agenda: Agenda;
  readonly tokens: PushTokens;
  readonly sender: Sender;
  readonly log: PushLog;
};

/** A message under its ids, and what has been tried. */
type Attempt = {
  readonly message: Message;
  readonly ids: MessageIds;
  readonly number: number;
  readonly firstAtMs: number;
  /** Decided by the first failure. */
  readonly redelivery: SwitchParameters<'pushRedelivery'> | undefined;
  readonly epoch: number;
};

export type Delivery = ReturnType<typeof createDelivery>;

export function createDelivery(deps: Deps) {
  const { now, faults, agenda, tokens, sender, log } = deps;
  const lines = new Map<string, Promise<void>>();
  const underWay = new Set<Promise<void>>();
  let epoch = 0;

  function deliver(message: Message): void {
    const id = randomUUID();
    const ids = { chain: randomUUID(), original: id, message: id };
    const first: Attempt = { message, ids, number: 1, firstAtMs: now(), redelivery: undefined, epoch };
    if (message.isInLine) {
      inLine(`${message.target.uri} ${message.items[0]?.path}`, () => send(first));
    } else {
      track(send(first));
    }
  }

  function inLine(name: string, work: () => Promise<void>): void {
    const turn = (lines.get(name) ?? Promise.resolve()).then(work);
    lines.set(name, turn);
    track(
      turn.finally(() => {
        if (lines.get(name) === turn) {
          lines.delete(name);
        }
      }),
    );
  }

  function track(work: Promise<void>): void {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  }

  async function send(attempt: Attempt): Promise<void> {
    const { message, number } = attempt;
    const headers = await headersOf(attempt, tokens);
    const copies = Array.from({ length: number === 1 ? message.copies : 0 }, () =>
      post(attempt, headers, true),
    );
    const receipt = await post(attempt, headers, false);
    if (receipt.outcome !== 'accepted' && message.forgery === null && attempt.epoch === epoch) {
      sendAgainLater(attempt);
    }
    await Promise.all(copies);
  }

  async function post(attempt: Attempt, headers: PushHeaders, isCopy: boolean): Promise<Receipt> {
    const { message, ids, number } = attempt;
    const { target, items, body, subject, forgery } = message;
    const record = log.sent({
      messageId: ids.message,
      originalMessageId: ids.original,
      uri: target.uri,
      items,
      attempt: number,
      isCopy,
      forgery,
      atMs: now(),
    });
    const deadlineMs = faults.take('pushDeadline', subject)?.ms ?? usualDeadlineMs;
    const receipt = await sender.post({ uri: target.uri, headers, body, deadlineMs });
    log.answered(record, receipt);
    return receipt;
  }

  function sendAgainLater(attempt: Attempt): void {
    const { message, ids, number, firstAtMs } = attempt;
    const redelivery = attempt.redelivery ?? faults.take('pushRedelivery', message.subject);
    if (!redelivery) {
      return;
    }
    const atMs = now() + redelivery.everyMs * redelivery.factor ** (number - 1);
    if (atMs > firstAtMs + redelivery.forMs) {
      log.givenUp();
      return;
    }
    const again = {
      ...attempt,
      ids: { ...ids, message: randomUUID() },
      number: number + 1,
      redelivery,
    };
    agenda.add(atMs, () => track(send(again)));
  }

  return {
    deliver,
    /** Sends what is due by now and waits until all of it was answered. */
    async settle(): Promise<void> {
      agenda.runDue();
      while (underWay.size > 0) {
        await Promise.all(underWay);
        agenda.runDue();
      }
    },
    /** Nothing that was sent before is sent again. */
    forget(): void {
      epoch += 1;
    },
    async stop(): Promise<void> {
      await sender.stop();
      await Promise.all(underWay);
    },
  };
}

/** Signed anew for each attempt, as the first may be long ago. */
async function headersOf({ message, ids }: Attempt, tokens: PushTokens): Promise<PushHeaders> {
  const { target, forgery, items } = message;
  const token = forgery === null ? await tokens.token(target) : await tokens.forged(target, forgery);
  return pushHeaders(ids, items[0]?.path ?? '', token);
}
