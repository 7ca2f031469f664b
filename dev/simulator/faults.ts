// The one table of switches: what can be made to go wrong, and with which parameters. A rule turns a switch on
// for some requests (`where`), some of the time (`probability`), some number of times (`skip`, `times`).
import { z } from 'zod';
import { pushSwitches } from './callbacks/push-switches.ts';
import type { Random } from './random.ts';
import { casings, type Kind, kindSchema } from './scripts.ts';

/** `request`: the whole HTTP exchange. `item`: one resource, asked for singly or in a batch. */
export type Level = 'request' | 'item';

const level = (fallback: Level) => z.enum(['request', 'item']).default(fallback);
const count = z.int().min(1).default(1);
/** What may stand in a header: anything else would break the answer and not the client. */
const headerText = z.string().regex(/^[\x20-\x7e]*$/, 'printable ASCII only');
const httpStatus = z.int().min(200).max(599);

/** Seconds as a number, a text sent as it is, a date so many seconds from now, or null for no header. */
export const retryAfterSchema = z.union([
  z.number(),
  headerText,
  z.strictObject({ dateInSeconds: z.number() }),
  z.null(),
]);
export type RetryAfter = z.output<typeof retryAfterSchema>;

export const envelopes = [
  'innerError',
  'innererror',
  'nested',
  'emptyCode',
  'unknownError',
  'onenote',
  'html',
  'none',
] as const;
export type Envelope = (typeof envelopes)[number];
const envelope = z.enum(envelopes);

const locationForms = ['absolute', 'relative', 'resourceUrl', 'parenthesised', 'missing', 'foreign'] as const;

export const switches = {
  // Transport
  latency: z.strictObject({ ms: z.number().min(0), jitterMs: z.number().min(0).default(0) }),
  hang: z.strictObject({}),
  reset: z.strictObject({ applied: z.boolean().default(false) }),
  slow: z.strictObject({ bytesPerSecond: z.number().positive().default(1) }),
  truncate: z.strictObject({ keepBytes: z.int().min(0).optional(), reset: z.boolean().default(false) }),
  endless: z.strictObject({}),
  big: z.strictObject({ bytes: z.int().positive().default(10_000_000) }),
  redirect: z.strictObject({ location: headerText, status: httpStatus.default(302) }),
  // Whole answers
  status: z.strictObject({
    on: level('item'),
    status: httpStatus,
    code: z.string().optional(),
    message: z.string().optional(),
    envelope: envelope.optional(),
    retryAfter: retryAfterSchema.optional(),
    applied: z.boolean().default(false),
  }),
  throttle: z.strictObject({
    on: level('item'),
    retryAfter: retryAfterSchema.default(10),
    envelope: envelope.optional(),
    applied: z.boolean().default(false),
  }),
  html: z.strictObject({ on: level('request'), status: httpStatus.default(200) }),
  empty: z.strictObject({ on: level('request'), status: httpStatus.default(200) }),
  garbage: z.strictObject({ on: level('request'), body: z.json().default([]) }),
  errorInOk: z.strictObject({ on: level('request'), code: z.string().default('generalException') }),
  envelope: z.strictObject({ form: envelope }),
  // Batch
  batchOrder: z.strictObject({ order: z.enum(['random', 'asked', 'reversed']) }),
  batchMissing: z.strictObject({ count }),
  batchDuplicate: z.strictObject({ count, status: httpStatus.optional() }),
  batchUnknownId: z.strictObject({ count, id: z.string().default('unasked') }),
  batchIdCase: z.strictObject({ form: z.enum(['upper', 'lower', 'swapped']).default('swapped') }),
  batchHeaderCase: z.strictObject({ form: z.enum(['upper', 'lower', 'null', 'absent']).default('lower') }),
  batchOuter424: z.strictObject({}),
  // Operations
  casing: z.strictObject({ form: z.enum(casings) }),
  statusWord: z.strictObject({ value: z.json().optional() }),
  otherId: z.strictObject({ id: z.string().optional() }),
  stale: z.strictObject({ seconds: z.number().min(0), exact: z.boolean().default(false) }),
  regression: z.strictObject({}),
  lateUrl: z.strictObject({ seconds: z.number().min(0) }),
  goneAfterEnd: z.strictObject({
    seconds: z.number().min(0).default(0),
    status: z.union([z.literal(404), z.literal(410)]).default(404),
    code: z.string().optional(),
  }),
  commsByGet: z.strictObject({ status: z.union([z.literal(403), z.literal(404)]).default(404) }),
  commsInBatch: z.strictObject({ on: level('item'), status: httpStatus.default(400) }),
  onenoteAppOnly: z.strictObject({ status: z.union([z.literal(401), z.literal(403)]).default(401) }),
  // Writes
  patchOperation: z.strictObject({ status: z.literal([200, 204, 400, 403, 404, 405, 501]) }),
  patchConnection: z.strictObject({ status: z.literal([200, 204]) }),
  honourPrefer: z.strictObject({}),
  location: z.strictObject({
    form: z.enum(locationForms).default('absolute'),
    header: z.enum(['Location', 'Operation-Location']).optional(),
    foreignOrigin: headerText.default('https://graph.example.test'),
  }),
  etags: z.strictObject({}),
  // Notifications of calls
  ...pushSwitches,
} as const;

/** @see Microsoft Graph documentation, commsNotification */
const changeTypeSchema = z.enum(['created', 'updated', 'deleted']);
export type ChangeType = z.output<typeof changeTypeSchema>;

type SwitchName = keyof typeof switches;
export type SwitchParameters<N extends SwitchName> = Readonly<z.output<(typeof switches)[N]>>;

const ruleSchema = z.strictObject({
  where: z
    .strictObject({
      kind: kindSchema.optional(),
      /** Part of the path, as the client wrote it, without version. */
      path: z.string().optional(),
      tenant: z.string().optional(),
      method: z.string().optional(),
      batched: z.boolean().optional(),
      /** Of a notification. */
      changeType: changeTypeSchema.optional(),
    })
    .default({}),
  probability: z.number().min(0).max(1).default(1),
  skip: z.int().min(0).default(0),
  times: z.int().min(1).optional(),
});

type RuleInput = z.input<typeof ruleSchema>;

/** What a switch takes; one without parameters takes none. */
type ParameterInput<N extends SwitchName> = string extends keyof z.input<(typeof switches)[N]>
  ? object
  : z.input<(typeof switches)[N]>;

/** A rule as a test or the control API writes it: `{ fault: 'throttle', retryAfter: 5, times: 1 }`. */
export type FaultInput = {
  [N in SwitchName]: { readonly fault: N } & ParameterInput<N> & RuleInput;
}[SwitchName];

/** What a rule is matched against. A whole batch matches by any of its items. */
export type Subject = {
  readonly method: string;
  readonly paths: readonly string[];
  readonly kinds: readonly Kind[];
  readonly tenant: string;
  readonly batched: boolean;
  readonly changeType?: ChangeType;
};

/** A rule as it stands, with what it has done so far. */
export type FaultView = {
  readonly id: string;
  readonly fault: SwitchName;
  readonly fired: number;
  readonly input: FaultInput;
};

type Rule = {
  readonly id: string;
  readonly input: FaultInput;
  readonly scope: z.output<typeof ruleSchema>;
  readonly parameters: unknown;
  seen: number;
  fired: number;
};

export type Faults = ReturnType<typeof createFaults>;

/** The rules in force. Without any, every question is answered by one look at an empty map. */
export function createFaults(random: Random) {
  const rules = new Map<SwitchName, Rule[]>();
  let lastId = 0;

  function take<N extends SwitchName>(
    name: N,
    subject: Subject,
    on?: Level,
  ): SwitchParameters<N> | undefined {
    const rule = rules
      .get(name)
      ?.find((candidate) => matches(candidate, subject, on) && fires(candidate, random));
    if (!rule) {
      return undefined;
    }
    rule.fired += 1;
    // The parameters were parsed by this very switch's schema.
    return rule.parameters as SwitchParameters<N>;
  }

  return {
    /** False while no rule exists: the hot path asks nothing else. */
    get isActive(): boolean {
      return rules.size > 0;
    },
    /** The parameters of the first rule of this switch that fires for the subject, and counts it. */
    take,
    /** @throws ZodError when the input is not a rule. */
    add(input: FaultInput): string {
      const { scope, parameters } = parseFault(input);
      const id = `fault-${++lastId}`;
      const rule: Rule = { id, input, scope, parameters, seen: 0, fired: 0 };
      rules.set(input.fault, [...(rules.get(input.fault) ?? []), rule]);
      return id;
    },
    /** False when there is no such rule. */
    remove(id: string): boolean {
      for (const [name, list] of rules) {
        const kept = list.filter((rule) => rule.id !== id);
        if (kept.length < list.length) {
          if (kept.length > 0) {
            rules.set(name, kept);
          } else {
            rules.delete(name);
          }
          return true;
        }
      }
      return false;
    },
    clear(): void {
      rules.clear();
    },
    list(): FaultView[] {
      return [...rules.values()]
        .flat()
        .map(({ id, input, fired }) => ({ id, fault: input.fault, fired, input }));
    },
  };
}

/** Checks a rule against its switch's schema, so that a misspelt parameter is refused and never ignored. */
function parseFault(input: FaultInput): {
  readonly scope: z.output<typeof ruleSchema>;
  readonly parameters: unknown;
} {
  const { fault, where, probability, skip, times, ...parameters } = input;
  z.enum(Object.keys(switches) as [SwitchName, ...SwitchName[]]).parse(fault);
  return {
    scope: ruleSchema.parse({ where, probability, skip, times }),
    parameters: switches[fault].parse(parameters),
  };
}

/** Whether a rule that matches hits this time. */
function fires(rule: Rule, random: Random): boolean {
  const { times, skip, probability } = rule.scope;
  if (times !== undefined && rule.fired >= times) {
    return false;
  }
  rule.seen += 1;
  return rule.seen > skip && (probability === 1 || random() < probability);
}

function matches(rule: Rule, subject: Subject, on: Level | undefined): boolean {
  const { kind, path, tenant, method, batched, changeType } = rule.scope.where;
  return (
    (on === undefined || (rule.parameters as { on?: Level }).on === on) &&
    (kind === undefined || subject.kinds.includes(kind)) &&
    (path === undefined || subject.paths.some((candidate) => candidate.includes(path))) &&
    (tenant === undefined || tenant === subject.tenant) &&
    (method === undefined || method.toUpperCase() === subject.method) &&
    (batched === undefined || batched === subject.batched) &&
    (changeType === undefined || changeType === subject.changeType)
  );
}
