// The configuration as the rest of the code sees it: nested, frozen, secrets that never show themselves.
import type { Cloud, Kind } from '../domain/operation.ts';
import type { TrackPolicy } from '../domain/tracking.ts';
import type { Secret } from './secret.ts';

export type StorageConfig =
  | { readonly type: 'connectionString'; readonly name: string; readonly value: Secret }
  | {
      readonly type: 'identity';
      readonly name: string;
      readonly tableServiceUri: string;
      readonly queueServiceUri: string;
      readonly clientId: string | null;
    };

export type CredentialConfig =
  | { readonly type: 'managedIdentity'; readonly clientId: string | null }
  | { readonly type: 'environment' | 'workloadIdentity' | 'azureCli' }
  | { readonly type: 'static'; readonly token: Secret };

export type CallerAuthConfig =
  | { readonly mode: 'key'; readonly mayPatchConfiguration: boolean }
  | {
      readonly mode: 'entra';
      readonly tenantId: string;
      readonly audience: string;
      readonly clients: readonly string[] | null;
      readonly issuer: string;
      readonly jwksUrl: string;
    };

export type CallsConfig = {
  readonly appId: string;
  readonly tenants: readonly string[];
  readonly openIdUrl: string;
  readonly issuers: readonly string[];
  readonly autoTrack: boolean;
};

export type Config = {
  readonly storage: StorageConfig;
  readonly table: string;
  readonly queues: {
    readonly transitions: string;
    readonly sweeps: string;
    readonly encoding: 'base64' | 'text';
  };
  readonly shards: number;
  readonly graph: {
    readonly cloud: Cloud;
    readonly root: string;
    readonly scope: string;
    readonly authorityHost: string;
    readonly tenantId: string;
  };
  readonly credential: CredentialConfig;
  readonly kinds: Readonly<Record<Kind, TrackPolicy & { readonly tick: string }>>;
  readonly maxWaiters: number;
  readonly retentionMs: number;
  readonly callerAuth: CallerAuthConfig;
  readonly calls: CallsConfig | null;
  /** Secret that change notifications bring. */
  readonly clientState: Secret | null;
  readonly telemetry: Secret | null;
};
