// The kind table: all that tells one kind of operation from another. A new kind is a new row, and nothing else.
import { anyId, callId, connectionId, groupId, operationId, siteId, userId } from './ids.ts';
import type { Cloud, Kind, PollPolicy, State } from './operation.ts';
import type { PatchRules } from './patch-rules.ts';
import type { PathTemplate } from './paths.ts';

/** What a known status word means: its rank (not started 0, running 1, ended 3) and the state it puts the operation in. */
export type StatusWord = {
  readonly rank: 0 | 1 | 3;
  readonly state: Extract<State, 'running' | 'succeeded' | 'failed'>;
};

/** A word outside the kind's table: visible, non-terminal, above running, below every end. */
const unknownWordRank = 2;

export type KindRow = {
  readonly kind: Kind;
  /** First character of its keys: names the kind without a look-up. */
  readonly keyLetter: string;
  /** The paths it answers to; literals before the first id are written as the canonical root. The last id but one names the parent. */
  readonly paths: readonly { readonly template: PathTemplate; readonly canonicalRoot: readonly string[] }[];
  readonly clouds: readonly Cloud[];
  /** What the proxy lets callers change of the operation itself. */
  readonly patch: PatchRules;
  /** Folded words of Graph's enum. */
  readonly words: Readonly<Record<string, StatusWord>>;
  readonly policy: PollPolicy & { readonly deadlineMs: number; readonly tick: string };
  /** How the platform notifies of this kind; null: it does not. `parentLifeMs`: how long it keeps a parent that is silent. */
  readonly push: { readonly parentLifeMs: number } | null;
  /** Requests of this kind in flight at a time: throughput is this × 20 ÷ round trip. OneNote allows 20 concurrent reads an app. */
  readonly maxRequestsInFlight: number;
};

// operationStatus of comms and OneNote, from the v1.0 CSDL (msgraph-metadata, August 2026); no sentinel member.
const operationStatusWords: KindRow['words'] = {
  notstarted: { rank: 0, state: 'running' },
  running: { rank: 1, state: 'running' },
  completed: { rank: 3, state: 'succeeded' },
  failed: { rank: 3, state: 'failed' },
};

/** Types derived from commsOperation (v1.0 CSDL and the beta types package), told apart on the wire by `@odata.type`. */
const commsTypes = [
  'commsOperation',
  'addLargeGalleryViewOperation',
  'cancelMediaProcessingOperation',
  'inviteParticipantsOperation',
  'muteParticipantOperation',
  'muteParticipantsOperation',
  'playPromptOperation',
  'recordOperation',
  'sendDtmfTonesOperation',
  'startHoldMusicOperation',
  'startRecordingOperation',
  'startTranscriptionOperation',
  'stopHoldMusicOperation',
  'stopRecordingOperation',
  'stopTranscriptionOperation',
  'subscribeToToneOperation',
  'unmuteParticipantOperation',
  'updateRecordingStatusOperation',
];

/** External connections moved from one namespace to another in 2021. */
export function bothNamespaces(type: string): readonly string[] {
  return [`microsoft.graph.${type}`, `microsoft.graph.externalConnectors.${type}`];
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

export const kinds: Readonly<Record<Kind, KindRow>> = {
  connectionOperation: {
    kind: 'connectionOperation',
    keyLetter: 'c',
    paths: [
      {
        template: ['external', 'connections', { id: connectionId }, 'operations', { id: operationId }],
        canonicalRoot: ['external', 'connections'],
      },
      {
        template: ['connections', { id: connectionId }, 'operations', { id: operationId }],
        canonicalRoot: ['external', 'connections'],
      },
    ],
    clouds: ['global', 'usgov', 'usgovdod', 'custom'],
    patch: {
      properties: {
        status: { type: 'statusWord' },
        error: { type: 'entity', odataTypes: ['microsoft.graph.publicError', 'microsoft.graph.errorDetail'] },
      },
      odataTypes: bothNamespaces('connectionOperation'),
      forwardsODataType: false,
      guarded: null,
    },
    // connectionOperationStatus, v1.0 CSDL. `unknownFutureValue` is left out on purpose: it is a word we do not know.
    words: {
      unspecified: { rank: 0, state: 'running' },
      inprogress: { rank: 1, state: 'running' },
      completed: { rank: 3, state: 'succeeded' },
      failed: { rank: 3, state: 'failed' },
    },
    policy: { firstPollMs: minute, intervalMs: minute, deadlineMs: 24 * hour, tick: '*/30 * * * * *' },
    push: null,
    maxRequestsInFlight: 32,
  },
  commsOperation: {
    kind: 'commsOperation',
    keyLetter: 'm',
    paths: [
      {
        template: ['communications', 'calls', { id: callId }, 'operations', { id: operationId }],
        canonicalRoot: ['communications', 'calls'],
      },
      {
        template: ['app', 'calls', { id: callId }, 'operations', { id: operationId }],
        canonicalRoot: ['communications', 'calls'],
      },
    ],
    clouds: ['global', 'usgov', 'usgovdod', 'custom'],
    patch: {
      properties: {
        status: { type: 'statusWord' },
        clientContext: { type: 'text', maxLength: 256 },
        resultInfo: { type: 'entity', odataTypes: ['microsoft.graph.resultInfo'] },
      },
      odataTypes: commsTypes.map((name) => `microsoft.graph.${name}`),
      forwardsODataType: true,
      guarded: null,
    },
    words: operationStatusWords,
    policy: {
      firstPollMs: 5 * second,
      intervalMs: 15 * second,
      deadlineMs: 4 * hour,
      tick: '*/15 * * * * *',
    },
    // A call lives 45 minutes without keepAlive (call: keepAlive, 2021 reference).
    push: { parentLifeMs: 45 * minute },
    maxRequestsInFlight: 32,
  },
  onenoteOperation: {
    kind: 'onenoteOperation',
    keyLetter: 'n',
    paths: [
      {
        template: ['users', { id: userId }, 'onenote', 'operations', { id: anyId }],
        canonicalRoot: ['users'],
      },
      {
        template: [
          'groups',
          { id: groupId },
          'sites',
          { id: siteId },
          'onenote',
          'operations',
          { id: anyId },
        ],
        canonicalRoot: ['groups'],
      },
      {
        template: ['groups', { id: groupId }, 'onenote', 'operations', { id: anyId }],
        canonicalRoot: ['groups'],
      },
      {
        template: ['sites', { id: siteId }, 'onenote', 'operations', { id: anyId }],
        canonicalRoot: ['sites'],
      },
    ],
    // Fairfax (usgov, usgovdod) has no onenoteOperation (its CSDL, v1.0).
    clouds: ['global', 'custom'],
    patch: {
      properties: {
        status: { type: 'statusWord' },
        createdDateTime: { type: 'instant' },
        lastActionDateTime: { type: 'instant' },
      },
      odataTypes: ['microsoft.graph.operation', 'microsoft.graph.onenoteOperation'],
      forwardsODataType: false,
      guarded: null,
    },
    words: operationStatusWords,
    policy: { firstPollMs: 5 * second, intervalMs: minute, deadlineMs: 24 * hour, tick: '0 * * * * *' },
    push: null,
    maxRequestsInFlight: 1,
  },
};

/** What a word means for a kind, compared without case; undefined for null and for words outside its table. */
export function wordOf(kind: Kind, status: string | null): StatusWord | undefined {
  const word = status?.toLowerCase() ?? '';
  return Object.hasOwn(kinds[kind].words, word) ? kinds[kind].words[word] : undefined;
}

/** Rank of a word; null, which says nothing, stands below all words. */
export function rankOfWord(kind: Kind, status: string | null): number {
  return status === null ? -1 : (wordOf(kind, status)?.rank ?? unknownWordRank);
}

export const kindRows: readonly KindRow[] = Object.values(kinds);
export const kindNames: readonly Kind[] = kindRows.map((row) => row.kind);
