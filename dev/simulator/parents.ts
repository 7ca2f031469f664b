// Connections and calls: what operations stand under. Entries are replaced, never changed in place.
import { z } from 'zod';
import { type CallbackTarget, callbackSchema } from './callbacks/targets.ts';
import { canonicalGuid, joinPath } from './paths.ts';
import { type Random, randomGuid, randomHex } from './random.ts';
import type { Kind } from './scripts.ts';

const connectionSchema = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  description: z.string().nullable().optional(),
  configuration: z.record(z.string(), z.json()).optional(),
  /** `auto`: draft until a schema operation has completed, then ready. */
  state: z.string().default('auto'),
  /** What the caller gets who does not own it. */
  access: z.literal(['owned', 403, 404]).default('owned'),
  schema: z.json().optional(),
});
export type ConnectionInput = z.input<typeof connectionSchema>;
export type Connection = Readonly<z.output<typeof connectionSchema>> & {
  readonly path: string;
  readonly schemaOperationPath?: string;
  readonly revision: number;
};

const callSchema = z.strictObject({
  id: z.string().optional(),
  state: z.string().default('established'),
  /** Where its notifications go; absent: where they went before, else to the subscriptions of the control API. */
  callback: callbackSchema.optional(),
});
export type CallInput = z.input<typeof callSchema>;
export type Call = {
  readonly id: string;
  readonly path: string;
  readonly state: string;
  readonly callback: CallbackTarget | undefined;
};

export type CallListener = {
  /** A call is there, or there in another form; `earlier` is what it was. */
  readonly callPut: (call: Call, earlier: Call | undefined) => void;
};

/** No connections and no calls. */
export function createParents(random: Random, tell: CallListener) {
  const connections = new Map<string, Connection>();
  const calls = new Map<string, Call>();

  function addConnection(input: ConnectionInput): Connection {
    const connection = connectionSchema.parse(input);
    const added = { ...connection, path: joinPath('external', 'connections', connection.id), revision: 1 };
    connections.set(added.path, added);
    return added;
  }

  function addCall(input: CallInput): Call {
    const { id = randomGuid(random), state, callback } = callSchema.parse(input);
    const path = joinPath('communications', 'calls', canonicalGuid(id));
    const earlier = calls.get(path);
    const call = { id, state, path, callback: callback ?? earlier?.callback };
    calls.set(path, call);
    tell.callPut(call, earlier);
    return call;
  }

  return {
    connections: connections as ReadonlyMap<string, Connection>,
    calls: calls as ReadonlyMap<string, Call>,
    addConnection,
    addCall,
    putConnection(connection: Connection): void {
      connections.set(connection.path, { ...connection, revision: connection.revision + 1 });
    },
    /** Canonical path of the parent of a new operation; connection or call is made when there is none. */
    ensureParent(kind: Kind, parent: string | undefined): string {
      if (kind === 'onenoteOperation') {
        return joinPath(...(parent ?? `/users/${randomGuid(random)}`).split('/').filter(Boolean));
      }
      if (kind === 'commsOperation') {
        const id = parent ?? randomGuid(random);
        const path = joinPath('communications', 'calls', canonicalGuid(id));
        return calls.has(path) ? path : addCall({ id }).path;
      }
      const id = parent ?? `conn${randomHex(random, 12)}`;
      const path = joinPath('external', 'connections', id);
      return connections.has(path) ? path : addConnection({ id }).path;
    },
    removeParent: (path: string): boolean => connections.delete(path) || calls.delete(path),
    clearParents(): void {
      connections.clear();
      calls.clear();
    },
  };
}
