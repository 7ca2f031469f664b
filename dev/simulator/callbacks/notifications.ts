// Notifications as the calling platform writes them, about operations, calls and participants.
// @see Microsoft Graph documentation, commsNotifications and the examples of the call actions
import type { ChangeType } from '../faults.ts';
import type { Operation } from '../operations.ts';
import type { Call } from '../parents.ts';
import type { Step } from '../scripts.ts';

type ResourceData = Readonly<Record<string, unknown>>;

export type Notification = {
  readonly '@odata.type': string;
  readonly changeType: ChangeType;
  /** The older name and root of the same resource. */
  readonly resource?: string | undefined;
  readonly resourceUrl?: string | undefined;
  readonly resourceData: ResourceData | readonly ResourceData[];
};

// The access token is a bearer secret: here so that tests can prove that nobody passes it on.
export const recording = {
  recordingLocation: 'https://media.example.test/recording',
  recordingAccessToken: 'secret-recording-access-token',
} as const;

/** The body of one POST. */
export function collectionOf(value: readonly unknown[]): unknown {
  return { '@odata.type': '#microsoft.graph.commsNotifications', value };
}

/** What an operation says with a step of its script. */
export function operationNotification(
  operation: Operation,
  change: { readonly changeType: ChangeType; readonly step: Step; readonly index: number },
): Notification {
  const { changeType, step, index } = change;
  const { path, id, properties } = operation;
  const type = properties['@odata.type'] ?? '#microsoft.graph.commsOperation';
  const isRecorded = type === '#microsoft.graph.recordOperation' && changeType === 'deleted';
  return about(path, changeType, {
    '@odata.type': type,
    '@odata.id': path,
    '@odata.etag': etag(index),
    ...(isRecorded ? recording : {}),
    ...properties,
    id,
    clientContext: properties['clientContext'] ?? null,
    // No request, no preference: words that were added later are hidden.
    status: step.evolved === true ? 'unknownFutureValue' : step.status,
    resultInfo: step.resultInfo ?? null,
  });
}

/** What a call says of itself: deleted once it is terminated. */
export function callNotification(call: Call): Notification {
  const isOver = call.state === 'terminated';
  return about(call.path, isOver ? 'deleted' : 'updated', {
    '@odata.type': '#microsoft.graph.call',
    '@odata.id': call.path,
    '@odata.etag': etag(isOver ? 99 : 0),
    state: call.state,
    ...(isOver ? { resultInfo: { code: 200, subcode: 0, message: 'The call ended.' } } : {}),
  });
}

/** The participants of a call, of whom all are told at once. */
export function participantsNotification(callPath: string, ids: readonly string[]): Notification {
  const path = `${callPath}/participants`;
  const participants = ids.map((id) => ({
    '@odata.type': '#microsoft.graph.participant',
    '@odata.id': `${path}/${id}`,
    id,
    info: { '@odata.type': '#microsoft.graph.participantInfo', identity: { user: { id } } },
    isMuted: false,
    isInLobby: false,
  }));
  return { ...about(path, 'updated', {}), resourceData: participants };
}

/** Items that tell of no operation: malformed ones and foreign ones. */
export const strangers: readonly unknown[] = [
  null,
  'created',
  { '@odata.type': '#microsoft.graph.commsNotification' },
  { changeType: 'deleted', resourceUrl: 7, resourceData: 'completed' },
  { changeType: 'deleted', resourceUrl: '/users/adele', resourceData: { id: 'adele', status: 'completed' } },
  {
    changeType: 'deleted',
    resourceUrl: '/communications/calls/../../users/adele/operations/1',
    resourceData: { status: 'completed' },
  },
];

function about(path: string, changeType: ChangeType, resourceData: ResourceData): Notification {
  return {
    '@odata.type': '#microsoft.graph.commsNotification',
    changeType,
    resource: path.replace('/communications/', '/app/'),
    resourceUrl: path,
    resourceData,
  };
}

/** Weak, and another one for each change of one resource. */
function etag(revision: number): string {
  return `W/"${5400 + revision}"`;
}
