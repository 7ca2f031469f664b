// Settings that are each right and don't go together: without effect, or with another one than was meant. A rule looks
// at the draft of the configuration and at which names are set.

import { isLoopback, kindPrefixes, storageNames, storageSettings } from '../../../src/config/settings.ts';
import type { ConfigDraft } from '../../../src/config.ts';
import { kindNames } from '../../../src/domain/kinds.ts';
import type { Kind } from '../../../src/domain/operation.ts';
import { parseSchedule } from '../../host/schedule.ts';
import { fail, pass, type Verdict, warn } from '../verdict.ts';
import type { Reading } from './reading.ts';

type Rule = (reading: Reading, isSet: (name: string) => boolean) => readonly Verdict[];

const rules: readonly Rule[] = [
  unusedCallerSettings,
  configurationByKey,
  unusedCallSettings,
  tenants,
  twoProofs,
  developersSignIn,
  hostStorage,
  twoStorages,
  emulator,
  paces,
  grace,
];

export function judgeTogether(reading: Reading): readonly Verdict[] {
  const isSet = (name: string): boolean => Boolean(reading.env[name]);
  const found = rules.flatMap((rule) => rule(reading, isSet));
  return found.length > 0 ? found : [pass(`${rules.length} rules hold`)];
}

function unusedCallerSettings({ env, draft }: Reading, isSet: (name: string) => boolean): readonly Verdict[] {
  if (draft.callerAuth?.mode !== 'key') return [];
  return Object.keys(env)
    .filter((name) => name.startsWith('OPWATCH_AUTH_') && isSet(name))
    .map((name) =>
      warn({
        subject: name,
        detail: `${name} has no effect: callers are checked by function keys.`,
        fix: `Set OPWATCH_CALLER_AUTH=entra, or remove ${name}.`,
      }),
    );
}

function configurationByKey({ draft }: Reading, isSet: (name: string) => boolean): readonly Verdict[] {
  const subject = 'OPWATCH_PATCH_CONFIGURATION';
  if (draft.callerAuth?.mode === 'key' && draft.callerAuth.mayPatchConfiguration)
    return [
      warn({
        subject,
        detail: 'Whoever has a function key may say which apps own a connection.',
        fix: `Remove ${subject}, or use tokens (OPWATCH_CALLER_AUTH=entra), where it takes a role of its own.`,
      }),
    ];
  if (draft.callerAuth?.mode === 'entra' && isSet(subject))
    return [
      warn({
        subject,
        detail: `${subject} has no effect: with tokens the role Graph.Patch.Configuration decides.`,
        fix: `Remove ${subject}.`,
      }),
    ];
  return [];
}

function unusedCallSettings({ env, draft }: Reading, isSet: (name: string) => boolean): readonly Verdict[] {
  if (draft.calls !== null) return [];
  return Object.keys(env)
    .filter((name) => name.startsWith('OPWATCH_CALLS_') && name !== 'OPWATCH_CALLS_APP_ID' && isSet(name))
    .map((name) =>
      warn({
        subject: name,
        detail: `${name} has no effect: call notifications are off.`,
        fix: `Set OPWATCH_CALLS_APP_ID to the app id of the calling bot, or remove ${name}.`,
      }),
    );
}

function tenants({ env, draft }: Reading, isSet: (name: string) => boolean): readonly Verdict[] {
  if (!isSet('OPWATCH_TENANT_ID') || !isSet('AZURE_TENANT_ID')) return [];
  if (env['AZURE_TENANT_ID']?.toLowerCase() === draft.graph.tenantId) return [];
  return [
    warn({
      subject: 'AZURE_TENANT_ID',
      detail: 'AZURE_TENANT_ID names another tenant than OPWATCH_TENANT_ID, which is the one that counts.',
      fix: 'Remove one of them, or make them the same.',
    }),
  ];
}

function twoProofs({ draft: { credential } }: Reading): readonly Verdict[] {
  if (credential?.type !== 'environment' || credential.secret === null || credential.certificate === null)
    return [];
  return [
    warn({
      subject: 'AZURE_CLIENT_CERTIFICATE_PATH',
      detail: 'The certificate is not used: there is a client secret too, and that one counts.',
      fix: 'Remove AZURE_CLIENT_SECRET to prove the app by its certificate.',
    }),
  ];
}

function developersSignIn({ place, draft }: Reading): readonly Verdict[] {
  const type = draft.credential?.type;
  if (place !== 'elsewhere' || (type !== 'azureCli' && type !== 'static')) return [];
  return [
    fail({
      subject: 'OPWATCH_CREDENTIAL',
      detail: `OPWATCH_CREDENTIAL=${type} is for a developer’s machine; in Azure it gives no token.`,
      fix: 'Set it to managedIdentity, with AZURE_CLIENT_ID for a user-assigned one.',
    }),
  ];
}

const suffixes = Object.keys(storageSettings);

/** Locks of timers are the host's own, and it looks for them under its own name only. */
function hostStorage(_reading: Reading, isSet: (name: string) => boolean): readonly Verdict[] {
  const hasHostStorage = [
    'AzureWebJobsStorage',
    ...suffixes.map((suffix) => `AzureWebJobsStorage${suffix}`),
  ].some(isSet);
  const hasOwn = ['OPWATCH_STORAGE', ...suffixes.map((suffix) => `OPWATCH_STORAGE${suffix}`)].some(isSet);
  if (hasHostStorage || !hasOwn) return [];
  return [
    fail({
      subject: 'AzureWebJobsStorage',
      detail: 'The Functions host has no storage for the locks of its timers, so nothing would be swept.',
      fix: 'Set AzureWebJobsStorage, or AzureWebJobsStorage__accountName with an identity, beside OPWATCH_STORAGE.',
    }),
  ];
}

function twoStorages(_reading: Reading, isSet: (name: string) => boolean): readonly Verdict[] {
  return storageNames.flatMap((name) => {
    const idle = suffixes.map((suffix) => name + suffix).filter(isSet);
    if (!isSet(name) || idle.length === 0) return [];
    return [
      warn({
        subject: name,
        detail: `${name} is a connection string, so ${idle.join(', ')} has no effect.`,
        fix: `Remove ${name} to use the identity, or remove the others.`,
      }),
    ];
  });
}

function emulator({ place, env }: Reading): readonly Verdict[] {
  if (place !== 'elsewhere') return [];
  return storageNames
    .filter((name) => /UseDevelopmentStorage=true/i.test(env[name] ?? ''))
    .map((name) =>
      fail({
        subject: name,
        detail: `${name} names the storage emulator, which is not there in Azure.`,
        fix: `Set ${name}__accountName and __credential=managedidentity in its place.`,
      }),
    );
}

function paces({ draft, problems }: Reading): readonly Verdict[] {
  return kindNames
    .filter((kind) => ![...problems.keys()].some((name) => name.startsWith(kindPrefixes[kind])))
    .flatMap((kind) => paceOf(kind, draft.kinds[kind]));
}

function paceOf(kind: Kind, pace: ConfigDraft['kinds'][Kind]): readonly Verdict[] {
  const name = kindPrefixes[kind];
  const tickMs = tickPeriodMs(pace.tick);
  if (tickMs === null)
    return [
      fail({
        subject: `${name}TICK`,
        detail: `${name}TICK is no schedule that the host takes, so the kind would not be swept.`,
        fix: `Correct it (six fields, seconds first), or remove it for the default.`,
      }),
    ];
  if (pace.firstPollMs >= pace.deadlineMs)
    return [
      warn({
        subject: `${name}FIRST_POLL_SECONDS`,
        detail:
          'The first read comes after the deadline: an operation expires before anybody has looked at it.',
        fix: `Make ${name}FIRST_POLL_SECONDS less than ${name}DEADLINE_SECONDS.`,
      }),
    ];
  if (tickMs <= pace.intervalMs) return [];
  return [
    warn({
      subject: `${name}TICK`,
      detail: `The timer runs every ${tickMs / 1000} s, so reads come no closer than that, whatever the interval of ${pace.intervalMs / 1000} s says.`,
      fix: `Let the timer run at least as often as ${name}INTERVAL_SECONDS, or make the interval longer.`,
    }),
  ];
}

/** The longest time between two of its next occurrences; null for what is no schedule. */
function tickPeriodMs(tick: string): number | null {
  try {
    const { next } = parseSchedule(tick);
    let longestMs = 0;
    let lastMs = next(0);
    for (let count = 0; count < 5; count += 1) {
      const nextMs = next(lastMs);
      longestMs = Math.max(longestMs, nextMs - lastMs);
      lastMs = nextMs;
    }
    return longestMs;
  } catch {
    return null; // what the host refuses, and why, its own start says
  }
}

/** What is under a minute lies within what replicas of Graph were seen to lag. */
const leastGraceMs = 60_000;

function grace({ draft, problems }: Reading): readonly Verdict[] {
  const subject = 'OPWATCH_LOST_GRACE_SECONDS';
  const { lostGraceMs } = draft.kinds.connectionOperation;
  if (problems.has(subject) || lostGraceMs >= leastGraceMs || isLoopback(new URL(draft.graph.root).hostname))
    return [];
  return [
    warn({
      subject,
      detail: `A 404 counts as evidence ${lostGraceMs / 1000} s after tracking began; new operations may not be found for longer.`,
      fix: `Set ${subject} to 60 or more; its default is 120.`,
    }),
  ];
}
