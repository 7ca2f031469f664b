// The configuration as the rest of the code sees it: nested, frozen, secrets that never show themselves.
import type { Cloud, Kind } from '../domain/operation.ts';
import type { TrackPolicy } from '../domain/tracking.ts';
import type { Secret } from './secret.ts';

export type Env = Readonly<Record<string, string | undefined>>;
/** Takes what is wrong with a variable; never its value. */
export type Report = (name: string, problem: string) => void;

export type StorageConfig =
  | { readonly type: 'connectionString'; readonly name: string; readonly value: Secret }
  | {
      readonly type: 'identity';
      readonly name: string;
      readonly tableServiceUri: string;
      readonly queueServiceUri: string;
      readonly clientId: string | null;
    };

/** What the platform or the environment offers for each; null where it is absent: then no token can be had. */
export type CredentialConfig =
  | { readonly type: 'managedIdentity'; readonly clientId: string | null }
  | {
      readonly type: 'environment';
      readonly clientId: string | null;
      readonly secret: Secret | null;
      /** Counts where there is no secret. */
      readonly certificate: CertificateConfig | null;
    }
  | {
      readonly type: 'workloadIdentity';
      readonly clientId: string | null;
      readonly tokenFile: string | null;
    }
  | { readonly type: 'azureCli' }
  | { readonly type: 'static'; readonly token: Secret };

type CertificateConfig = {
  /** PEM of certificate and private key. */
  readonly path: string;
  readonly password: Secret | null;
  /** For registrations that trust a subject name and not one certificate. */
  readonly sendsChain: boolean;
};

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
