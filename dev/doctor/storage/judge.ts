// What the looks at table and queues mean.
import { fail, pass, skip, type Verdict, warn } from '../verdict.ts';
import { type Access, type Asked, judgeFault, type StorageFault } from './fault.ts';
import type { QueueFacts } from './probe-queue.ts';
import type { TableFacts } from './probe-table.ts';

/** How this installation stands. */
export type Circumstances = {
  readonly access: Access;
  /** Neither the table nor a queue is there: it was never started. */
  readonly isNew: boolean;
};

const tableRole = 'Storage Table Data Contributor on the storage account';

const firstStart = 'Start the app once (npm start, npm run host), or let azd provision make it.';

function missing(what: string, { access, isNew }: Circumstances): Verdict {
  if (isNew)
    return warn({
      detail: `${what} is not there yet: nothing was ever started on this storage.`,
      fix: firstStart,
    });
  return fail({
    detail: `${what} is not there, though other parts of this installation are: it was deleted, or has another name.`,
    fix:
      access === 'key'
        ? 'Restart the app, which makes it again, or correct its name (docs/configuration.md).'
        : 'Provision again (azd provision): the app’s identity may use it and not make it. Or correct its name.',
  });
}

export function judgeTable({ read }: Pick<TableFacts, 'read'>, name: string, at: Circumstances): Verdict {
  const what = `The table ${name}`;
  if (read === null) return pass(name);
  return read.type === 'missing'
    ? missing(what, at)
    : judgeFault(read, { what, access: at.access, role: tableRole });
}

export function judgeWrite({ write }: Pick<TableFacts, 'write'>, name: string, at: Circumstances): Verdict {
  const what = `Writing to the table ${name}`;
  if (write === null) return pass('a replacement of a row that is not there was only refused for that');
  return write.type === 'missing'
    ? missing(`The table ${name}`, at)
    : judgeFault(write, { what, access: at.access, role: tableRole });
}

export function judgeShards(stored: number | null, set: number): Verdict {
  if (stored === null) return pass(`${set}; none is stored yet, the first start stores it`);
  if (stored === set) return pass(String(set));
  return fail({
    detail: `OPWATCH_SHARDS is ${set}, and this table was first used with ${stored}: the app refuses to start.`,
    fix: `Set OPWATCH_SHARDS=${stored}. Another number takes another table, or another installation.`,
  });
}

export type QueueUse = {
  readonly what: string;
  readonly name: string;
  readonly encoding: 'base64' | 'text';
  /** `send`: the app’s own role lets it do nothing else. */
  readonly rights: 'send' | 'all';
};

export function judgeQueue(facts: QueueFacts, use: QueueUse, at: Circumstances): readonly Verdict[] {
  const asked: Asked = {
    what: `The ${use.what} ${use.name}`,
    access: at.access,
    role:
      use.rights === 'send' && at.access === 'app'
        ? 'Storage Queue Data Message Sender on the queue'
        : 'Storage Queue Data Contributor on the queue',
  };
  const { count, send } = facts;
  if (typeof count === 'object') return [judgeHidden(count, { asked, use, at })];
  if (typeof send === 'object')
    return [
      send.type === 'missing'
        ? missing(asked.what, at)
        : judgeFault(send, { ...asked, what: `Sending to ${use.name}` }),
    ];
  return [judgeSend(send, use, count), ...judgeEncodings(facts.encodings, use)];
}

/** Nobody who may only send can look at a queue. */
function judgeHidden(
  fault: StorageFault,
  { asked, use, at }: { readonly asked: Asked; readonly use: QueueUse; readonly at: Circumstances },
): Verdict {
  if (fault.type === 'missing') return missing(asked.what, at);
  const mayOnlySend = use.rights === 'send' && at.access === 'app' && fault.type === 'refused';
  if (mayOnlySend && /Permission/.test(fault.code))
    return skip(
      `${asked.what}: the app’s identity may send and not look, as it should be. Whether sending works shows the first event.`,
    );
  return judgeFault(fault, asked);
}

function judgeSend(send: 'taken' | 'left' | 'notTried', { name }: QueueUse, count: number): Verdict {
  const depth = count === 0 ? 'empty' : `about ${count} messages wait`;
  switch (send) {
    case 'taken':
      return pass(`${name}: ${depth}; an invisible message was sent and taken away`);
    case 'notTried':
      return pass(`${name}: ${depth}; nothing was sent, for it could not be taken away again`);
    case 'left':
      return warn({
        detail: `${name}: an invisible message was sent and could not be taken away; it is seen for one second in a minute’s time.`,
        fix: 'Let a consumer ignore a message {}; look at the state of the storage account.',
      });
  }
}

function judgeEncodings(
  encodings: QueueFacts['encodings'],
  { name, encoding }: QueueUse,
): readonly Verdict[] {
  if (!Array.isArray(encodings)) return []; // who may not peek
  const others = (encodings as readonly string[]).filter((one) => one !== encoding).length;
  if (others === 0) return [];
  return [
    warn({
      subject: 'OPWATCH_QUEUE_ENCODING',
      detail: `${others} of ${encodings.length} messages that were looked at on ${name} are not written as OPWATCH_QUEUE_ENCODING=${encoding} says.`,
      fix: 'Set it back if it was changed while messages wait; or let consumers take those first.',
    }),
  ];
}

export function judgePoison(count: number | StorageFault, queue: string, access: Access): Verdict {
  if (typeof count === 'object') {
    const asked = { what: `The queue ${queue}`, access, role: 'Storage Queue Data Contributor on the queue' };
    if (access === 'app' && count.type === 'refused' && /Permission/.test(count.code))
      return skip(
        `The app’s identity may not look at ${queue}, as it should be; --sign-in looks with your own.`,
      );
    return count.type === 'missing' ? pass('none') : judgeFault(count, asked);
  }
  if (count === 0) return pass('none');
  return warn({
    detail: `About ${count} messages are in ${queue}: sweeps failed five times each, or somebody else writes to the queue of sweeps.`,
    fix: 'Find out why sweeps failed (docs/runbook.md, “poison”), mend that, then empty the queue.',
  });
}
