// Every check by its id: what `--output json` and docs/doctor.md call it. An id is never used for something else.

export const groups = {
  settings: 'Settings',
  storage: 'Storage',
  token: 'Token of the app',
  roles: 'Roles in Graph',
  graph: 'Graph',
  callers: 'Callers',
  calls: 'Call notifications',
  app: 'The app',
  host: 'Functions host',
  telemetry: 'Telemetry',
  versions: 'Versions',
} as const;

type Group = keyof typeof groups;

/** The part before the dot is the group. */
export const catalogue = {
  'settings.source': 'where settings come from',
  'settings.values': 'each setting by itself',
  'settings.together': 'settings that depend on each other',
  'storage.table': 'reading the table',
  'storage.write': 'writing the table',
  'storage.shards': 'number of shards',
  'storage.clock': 'difference of clocks',
  'storage.transitions': 'queue of transitions',
  'storage.sweeps': 'queue of sweeps',
  'storage.poison': 'sweeps that were put aside',
  'token.issued': 'a token for Graph',
  'token.tenant': 'its tenant',
  'token.audience': 'its audience',
  'token.expiry': 'its end',
  'roles.connections': 'for connections and schemas',
  'roles.calls': 'for operations of calls',
  'roles.onenote': 'for operations of OneNote',
  'roles.excess': 'more than is of use',
  'graph.root': 'address of Graph',
  'graph.connectionOperation': 'reading a connectionOperation',
  'graph.commsOperation': 'reading a commsOperation',
  'graph.onenoteOperation': 'reading a onenoteOperation',
  'callers.mode': 'who checks callers',
  'callers.keys': 'keys that sign callers’ tokens',
  'calls.keys': 'keys that sign call notifications',
  'app.live': 'address of the app',
  'app.ready': 'the app’s own look at its storage',
  'app.callers': 'a request without key or token',
  'app.document': 'release of the app',
  'app.changeNotifications': 'validation handshake',
  'app.callNotifications': 'a call notification without a token',
  'host.rules': 'host.json',
  'host.encoding': 'encoding of queues',
  'host.functions': 'functions that are switched off',
  'telemetry.connection': 'connection string',
  'versions.node': 'Node',
  'versions.bundle': 'the bundle',
} as const satisfies Readonly<Record<`${Group}.${string}`, string>>;

export type CheckId = keyof typeof catalogue;

export function groupOf(id: CheckId): Group {
  return id.slice(0, id.indexOf('.')) as Group;
}
