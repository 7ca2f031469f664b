// Roles of Graph (application permissions): what each lets the app do, and which serve what the product does. The one
// place for it: docs/permissions.md and infra/graph are checked against this table.
// @see Microsoft Graph permissions reference
import type { Kind } from '../../../src/domain/operation.ts';

export type GraphRole = {
  readonly name: string;
  /** The same in every tenant of the public cloud. */
  readonly id: string;
  /** What it is given for, in docs/permissions.md. */
  readonly given: string;
  readonly area: Area;
  /** Why a narrower one would mostly do; null for the others. */
  readonly tooMuch: string | null;
};

/** What people decide about when they grant roles. */
export type Area = 'connections' | 'calls' | 'onenote';

export const graphRoles: readonly GraphRole[] = [
  {
    name: 'ExternalConnection.Read.All',
    id: '1914711b-a1cb-4793-b019-c2ce0ed21b8c',
    given: 'connections of any app: read',
    area: 'connections',
    tooMuch: null,
  },
  {
    name: 'ExternalConnection.ReadWrite.OwnedBy',
    id: 'f431331c-49a6-499f-be1c-62af19c34a9d',
    given: 'own connections',
    area: 'connections',
    tooMuch: null,
  },
  {
    name: 'ExternalConnection.ReadWrite.All',
    id: '34c37bc0-2b40-4d5e-85e1-2365cd256d79',
    given: 'connections of any app',
    area: 'connections',
    tooMuch:
      'it is needed only to change connections of other apps; ExternalConnection.ReadWrite.OwnedBy serves for own ones',
  },
  {
    name: 'Calls.Initiate.All',
    id: '284383ee-7f6e-4e40-a2a8-e85dcb029101',
    given: 'calls to one person',
    area: 'calls',
    tooMuch: null,
  },
  {
    name: 'Calls.InitiateGroupCall.All',
    id: '4c277553-8a09-487b-8023-29ee378d8324',
    given: 'calls to several',
    area: 'calls',
    tooMuch: null,
  },
  {
    name: 'Calls.JoinGroupCall.All',
    id: 'f6b49018-60ab-4f81-83bd-22caeabfed2d',
    given: 'meetings, as an app',
    area: 'calls',
    tooMuch: null,
  },
  {
    name: 'Calls.JoinGroupCallAsGuest.All',
    id: 'fd7ccf6b-3d28-418b-9701-cd10f5cd2fd4',
    given: 'meetings, as a guest',
    area: 'calls',
    tooMuch: null,
  },
  {
    name: 'Calls.AccessMedia.All',
    id: 'a7a681dc-756e-4909-b988-f160edc6655f',
    given: 'media of calls',
    area: 'calls',
    tooMuch: null,
  },
  {
    name: 'Notes.Read.All',
    id: '3aeca27b-ee3a-4c2b-8ded-80376e2134a4',
    given: 'notebooks: refused, see above',
    area: 'onenote',
    tooMuch: null,
  },
  {
    name: 'Notes.ReadWrite.All',
    id: '0c458cef-11f3-48c2-a568-c66751c238c0',
    given: 'notebooks: refused, see above',
    area: 'onenote',
    tooMuch: 'operations of OneNote are only read; Notes.Read.All would do',
  },
];

export type Need = {
  /** What the product does, in docs/permissions.md. */
  readonly to: string;
  readonly area: Area;
  /** Whether reading an operation needs it; the others are for changes by the proxy. */
  readonly isWatching: boolean;
  /** Any of these serves, the least first; docs/permissions.md names them. */
  readonly roles: readonly string[];
  /** Wider ones that serve too. */
  readonly alsoBy: readonly string[];
  /** What Graph or the product answers without. */
  readonly otherwise: string;
};

export const needs: readonly Need[] = [
  {
    to: 'watch schemas and other operations of connections that this identity made, or that name it in `authorizedAppIds`',
    area: 'connections',
    isWatching: true,
    roles: ['ExternalConnection.ReadWrite.OwnedBy'],
    alsoBy: ['ExternalConnection.Read.All', 'ExternalConnection.ReadWrite.All'],
    otherwise: '403, or 404',
  },
  {
    to: 'watch operations of connections of other apps',
    area: 'connections',
    isWatching: true,
    roles: ['ExternalConnection.Read.All'],
    alsoBy: ['ExternalConnection.ReadWrite.All'],
    otherwise: '403, or 404',
  },
  {
    to: 'change own connections and schemas by the proxy',
    area: 'connections',
    isWatching: false,
    roles: ['ExternalConnection.ReadWrite.OwnedBy'],
    alsoBy: ['ExternalConnection.ReadWrite.All'],
    otherwise: '403 `graph_forbidden`',
  },
  {
    to: 'change those of other apps by the proxy',
    area: 'connections',
    isWatching: false,
    roles: ['ExternalConnection.ReadWrite.All'],
    alsoBy: [],
    otherwise: '403 `graph_forbidden`',
  },
  {
    to: 'watch operations of calls (prompts, mute, cancel)',
    area: 'calls',
    isWatching: true,
    roles: ['Calls.Initiate.All'],
    alsoBy: ['Calls.AccessMedia.All'],
    otherwise: '`blocked`',
  },
  {
    to: 'watch operations of invitations to calls',
    area: 'calls',
    isWatching: true,
    roles: ['Calls.InitiateGroupCall.All'],
    alsoBy: [],
    otherwise: '`blocked`',
  },
  {
    to: 'watch operations of joined meetings: participants, recording status',
    area: 'calls',
    isWatching: true,
    roles: ['Calls.JoinGroupCall.All', 'Calls.JoinGroupCallAsGuest.All'],
    alsoBy: [],
    otherwise: '`blocked`',
  },
  {
    to: 'watch operations of media of calls: recording a response, tones, screen sharing',
    area: 'calls',
    isWatching: true,
    roles: ['Calls.AccessMedia.All'],
    alsoBy: [],
    otherwise: '`blocked`',
  },
  {
    to: 'watch operations of OneNote',
    area: 'onenote',
    isWatching: true,
    roles: ['Notes.Read.All'],
    alsoBy: ['Notes.ReadWrite.All'],
    otherwise: 'see below',
  },
];

/** What each proxied resource belongs to; a new one has to be put here. */
export const areaOfResource: Readonly<Record<Kind | 'externalConnection' | 'schema', Area>> = {
  externalConnection: 'connections',
  schema: 'connections',
  connectionOperation: 'connections',
  commsOperation: 'calls',
  onenoteOperation: 'onenote',
};

export function isMet({ roles, alsoBy }: Need, granted: readonly string[]): boolean {
  return [...roles, ...alsoBy].some((role) => granted.includes(role));
}
