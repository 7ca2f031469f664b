// From a change in the world to messages: whom it concerns, how it is written, and what goes wrong with it on the way.
// Rules are asked when a change is told, first those of one notification, then those of the message that carries it.
import { randomUUID } from 'node:crypto';
import type { Faults, Subject } from '../faults.ts';
import type { Operation, World } from '../operations.ts';
import type { Call } from '../parents.ts';
import type { Random } from '../random.ts';
import type { Agenda } from './agenda.ts';
import { type Change, changeTypeOf } from './changes.ts';
import type { Delivery } from './delivery.ts';
import { recased, reformed, withData } from './forms.ts';
import {
  callNotification,
  collectionOf,
  type Notification,
  operationNotification,
  participantsNotification,
  strangers,
} from './notifications.ts';
import type { PushItem, PushLog } from './push-log.ts';
import type { Forgery } from './push-tokens.ts';
import type { Subscriptions, Target } from './targets.ts';

type Deps = {
  readonly now: () => number;
  readonly random: Random;
  readonly world: World;
  readonly faults: Faults;
  readonly origin: () => string;
  readonly agenda: Agenda;
  readonly subscriptions: Subscriptions;
  readonly delivery: Pick<Delivery, 'deliver'>;
  readonly log: PushLog;
};

/** A notification and what it is about. */
type Part = { readonly item: PushItem; readonly notification: Notification };
type Envelope = { readonly target: Target; readonly parts: readonly Part[]; readonly subject: Subject };

export function createOutbox(deps: Deps) {
  const { random, world, faults, subscriptions, log } = deps;
  const post = createPostOffice(deps);

  /** Tells one receiver; @returns how much earlier than GET. */
  function tell(target: Target, part: Part, isOperation: boolean): number {
    const subject = subjectOf(target, part.item, isOperation);
    if (faults.take('pushLoss', subject)) {
      log.lost({ uri: target.uri, item: part.item, atMs: deps.now() });
      return 0;
    }
    const early = isOperation ? faults.take('pushEarly', subject) : undefined;
    const participants = faults.take('pushParticipants', subject);
    if (participants) {
      post.mail(participantsOf({ target, part, subject }, participants.count));
    }
    const written = { ...part, notification: write(part.notification, subject) };
    post.mailTogether({ target, parts: [written], subject });
    return early?.ms ?? 0;
  }

  function write(notification: Notification, subject: Subject): Notification {
    const rule = faults.take('pushForm', subject);
    if (!rule) {
      return notification;
    }
    const drawn = random() < 0.5 ? 'csdl' : 'lowerCamel';
    const casing = rule.casing === 'mixed' ? drawn : rule.casing;
    const said = casing === undefined ? notification : recased(notification, casing);
    return reformed(said, rule.forms, deps.origin());
  }

  return {
    /** Tells a change of an operation; @returns how long GET goes on showing what was before. */
    tellChange(operation: Operation, change: Change): number {
      const { path, parentPath } = operation;
      const callback = world.calls.get(parentPath)?.callback;
      const notification = operationNotification(operation, change);
      const item = { path, changeType: change.changeType, status: change.step.status };
      const early = subscriptions
        .targetsOf({ path, isOperation: true, callback })
        .map((target) => tell(target, { item, notification }, true));
      return Math.max(0, ...early);
    },
    /** Tells the state of a call. */
    tellCall(call: Call): void {
      const notification = callNotification(call);
      const item = { path: call.path, changeType: notification.changeType, status: call.state };
      for (const target of subscriptions.targetsOf({ ...call, isOperation: false })) {
        tell(target, { item, notification }, false);
      }
    },
    /** Forgets what waits for others to go with. */
    clear: post.clear,
  };
}

/** Puts notifications into messages and lets those go. */
function createPostOffice({ now, random, faults, agenda, delivery }: Deps) {
  const waiting = new Map<string, Envelope[]>();

  function mail(envelope: Envelope): void {
    const forged = faults.take('pushForged', envelope.subject);
    if (!forged || forged.beside) {
      send(envelope, null);
    }
    if (forged) {
      const said = forged.status === undefined ? envelope : saying(envelope, forged.status);
      send(said, forged.form);
    }
  }

  function send({ target, parts, subject }: Envelope, forgery: Forgery | null): void {
    const delay = faults.take('pushDelay', subject);
    const reorder = faults.take('pushReorder', subject);
    const others = faults.take('pushStrangers', subject) ? strangers : [];
    const message = {
      target,
      subject,
      forgery,
      items: parts.map(({ item }) => item),
      body: JSON.stringify(collectionOf([...parts.map(({ notification }) => notification), ...others])),
      copies: faults.take('pushCopies', subject)?.count ?? 0,
      isInLine: reorder === undefined,
    };
    const delayMs = delay ? delay.ms + delay.jitterMs * random() : 0;
    const waitMs = delayMs + (reorder ? reorder.windowMs * random() : 0);
    if (waitMs > 0) {
      agenda.add(now() + waitMs, () => delivery.deliver(message));
    } else {
      delivery.deliver(message);
    }
  }

  /** Mails what has gathered for one receiver. */
  function empty(name: string): void {
    const envelopes = waiting.get(name) ?? [];
    waiting.delete(name);
    const [first] = envelopes;
    if (first) {
      const parts = envelopes.flatMap((envelope) => envelope.parts);
      const paths = envelopes.flatMap(({ subject }) => subject.paths);
      mail({ ...first, parts, subject: { ...first.subject, paths } });
    }
  }

  return {
    mail,
    /** Mails it, together with others where a rule says so. */
    mailTogether(envelope: Envelope): void {
      const rule = faults.take('pushTogether', envelope.subject);
      if (!rule) {
        mail(envelope);
        return;
      }
      const name = JSON.stringify(envelope.target);
      const gathered = [...(waiting.get(name) ?? []), envelope];
      waiting.set(name, gathered);
      if (gathered.length >= rule.max) {
        empty(name);
      } else if (gathered.length === 1) {
        agenda.add(now() + rule.windowMs, () => empty(name));
      }
    },
    clear: (): void => waiting.clear(),
  };
}

function subjectOf({ tenantId }: Target, item: PushItem, isOperation: boolean): Subject {
  return {
    method: 'POST',
    paths: [item.path],
    kinds: isOperation ? ['commsOperation'] : [],
    tenant: tenantId,
    batched: false,
    changeType: item.changeType,
  };
}

function participantsOf(beside: { target: Target; part: Part; subject: Subject }, count: number) {
  const { target, part, subject } = beside;
  const callPath = part.item.path.split('/').slice(0, 4).join('/');
  const ids = Array.from({ length: count }, () => randomUUID());
  const notification = participantsNotification(callPath, ids);
  const item = { path: `${callPath}/participants`, changeType: 'updated', status: null } as const;
  return { target, parts: [{ item, notification }], subject };
}

/** The same envelope with another word in each of its notifications. */
function saying(envelope: Envelope, status: unknown): Envelope {
  const parts = envelope.parts.map(({ item, notification }) => {
    const changeType = changeTypeOf(status, 1);
    const said = withData(notification, (data) => ({ ...data, status }));
    return { item: { ...item, changeType, status }, notification: { ...said, changeType } };
  });
  return { ...envelope, parts };
}
