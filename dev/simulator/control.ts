// What a test, the bench or a person may do to the world behind Graph's back. The HTTP control API is these functions.

import type { PushLoadInput, PushLoadReport } from './callbacks/push-load.ts';
import type { PushRecord } from './callbacks/push-log.ts';
import type { TokenInput } from './callbacks/push-tokens.ts';
import type { PushStatsView } from './callbacks/pushes.ts';
import type { RotationInput } from './callbacks/signing-keys.ts';
import type { SubscriptionInput, SubscriptionView } from './callbacks/targets.ts';
import type { FaultInput, FaultView } from './faults.ts';
import { type LoadInput, operationsOf } from './load.ts';
import type { ChangeInput, Operation, OperationInput, Truth } from './operations.ts';
import type { Call, CallInput, Connection, ConnectionInput } from './parents.ts';
import { parsePath } from './paths.ts';
import { type Kind, orderedScript, type Script, scriptSchema } from './scripts.ts';
import type { Simulation } from './simulation.ts';
import type { RequestRecord, StatsView } from './stats.ts';
import type { QuotaInput } from './throttle.ts';

export type Control = ReturnType<typeof createControl>;

/** What only the server itself can do. */
type ServerHooks = {
  readonly requireToken: (token: string | undefined) => void;
  readonly refuseConnections: (forMs: number) => Promise<void>;
};

/** The control functions of one simulator. Inputs are checked; a wrong one throws a ZodError. */
export function createControl(simulation: Simulation, hooks: ServerHooks) {
  const { world, faults, throttle, stats, births, pushes } = simulation;
  return {
    ...worldControl(simulation),
    ...faultControl(simulation),
    ...pushControl(simulation),
    ...observation(simulation),
    /** Back to an empty, well-behaved Graph; the required token stays. */
    reset(): void {
      world.clear();
      faults.clear();
      births.clear();
      pushes.reset();
      throttle.clearQuotas();
      throttle.clearWindows();
      stats.zero();
    },
    /** The only token accepted from now on; undefined accepts everyone. */
    requireToken: hooks.requireToken,
    /** Closes every connection and refuses new ones for a while; resolves once it listens again. */
    refuseConnections: hooks.refuseConnections,
  };
}

function worldControl({ world, births, now }: Simulation) {
  return {
    addConnection: (input: ConnectionInput): Connection => world.addConnection(input),
    addCall: (input: CallInput = {}): Call => world.addCall(input),
    /** Ends a call: it and its operations answer 404 with code 8522 from now on. */
    endCall: (id: string): Call => world.addCall({ id, state: 'terminated' }),
    /** Adds an operation; its connection or call is made when there is none. */
    addOperation: (input: OperationInput): Operation => world.addOperation(input),
    /** Adds many at once; returns how many. */
    load(input: LoadInput): number {
      let count = 0;
      for (const operation of operationsOf(input, now())) {
        world.addOperation(operation);
        count += 1;
      }
      return count;
    },
    /** Starts the operations that wait for it; returns how many. */
    arm: (startMs: number = now()): number => world.arm(startMs),
    /** Lets an operation say something else from now on. */
    setStatus: (change: ChangeInput): Operation =>
      world.changeStatus({ ...change, path: canonical(change.path) }),
    /** Removes an operation, or a connection or call and all under it; false when there is none. */
    remove: (path: string): boolean => world.remove(canonical(path)),
    /** The script of operations that are born by a call to Graph (schema PATCH, call actions, OneNote copies). */
    setBirth(kind: Kind, script: Script): void {
      births.set(kind, orderedScript(scriptSchema.parse(script)));
    },
  };
}

function faultControl({ faults, throttle }: Simulation) {
  return {
    /** Turns a switch on; returns the rule's id. */
    addFault: (input: FaultInput): string => faults.add(input),
    removeFault: (id: string): boolean => faults.remove(id),
    clearFaults: (): void => faults.clear(),
    faults: (): readonly FaultView[] => faults.list(),
    setQuota: (input: QuotaInput): void => throttle.setQuota(input),
    clearQuotas: (): void => throttle.clearQuotas(),
    quotas: () => throttle.listQuotas(),
  };
}

function pushControl({ pushes }: Simulation) {
  return {
    /** Tells a receiver what changes from now on; returns the subscription's id. */
    addCallback: (input: SubscriptionInput): string => pushes.subscribe(input),
    removeCallback: (id: string): boolean => pushes.subscriptions.remove(id),
    clearCallbacks: (): void => pushes.subscriptions.clear(),
    callbacks: (): readonly SubscriptionView[] => pushes.subscriptions.list(),
    /** Signs with a new key from now on. */
    rotateKeys: (input?: RotationInput): Promise<{ readonly kid: string }> => pushes.keys.rotate(input),
    /** A token as notifications carry it, for whoever wants to send what no platform would. */
    makeToken: (input: TokenInput): Promise<string> => pushes.tokens.make(input),
    /** The last notifications, oldest first, the lost ones too. */
    pushes: (): readonly PushRecord[] => pushes.records(),
    /** Sends what is due by now; resolves once all that is under way was answered. */
    settlePushes: (): Promise<void> => pushes.settle(),
    /** Sends at a steady rate and measures the receiver; resolves when it is over. */
    loadPushes: (input: PushLoadInput): Promise<PushLoadReport> => pushes.load(input),
  };
}

function observation({ world, stats, throttle, pushes }: Simulation) {
  return {
    stats: (): StatsView & { readonly pushes: PushStatsView } => ({
      ...stats.view(),
      pushes: pushes.stats(),
    }),
    /** The last requests, oldest first. */
    requests: (): readonly RequestRecord[] => stats.requests(),
    /** Sets all counts to zero and forgets announced waits; the world stays. */
    zero(): void {
      stats.zero();
      pushes.zero();
      throttle.clearWindows();
    },
    /** Kind and path of every operation. */
    ids: (): { readonly kind: Kind; readonly path: string }[] =>
      [...world.operations.values()].map(({ kind, path }) => ({ kind, path })),
    /** When each operation really changed, up to now. */
    truth: (): readonly Truth[] => world.truth(),
  };
}

/** Canonical path of any spelling, with or without version. */
function canonical(path: string): string {
  const bare = path.replace(/^\/?(v1\.0|beta)(?=\/)/, '');
  const resource = parsePath(bare, 'beta');
  return 'path' in resource ? resource.path : bare;
}
