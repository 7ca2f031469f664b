// Turns what the app registered into what the host will run, and refuses whatever it can't run as Azure would:
// a fifth kind of binding, a missing setting, a bad schedule. Every refusal names the function.
import { z } from 'zod';
import type { Registry } from './core-api.ts';
import type { BindingInfo, FunctionCallback, FunctionMetadata } from './core-types.ts';
import { messageOf } from './log.ts';
import { planRetry, type RetryPlan } from './retry.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { RefusedError, resolveSettings, type Settings } from './settings.ts';

export type AuthLevel = 'anonymous' | 'function' | 'admin';

export type HttpTrigger = {
  readonly type: 'httpTrigger';
  readonly bindingName: string;
  /** As registered, without prefix; the function's name when it has no route. */
  readonly route: string;
  /** Upper case. */
  readonly methods: readonly string[];
  readonly authLevel: AuthLevel;
};

export type TimerTrigger = {
  readonly type: 'timerTrigger';
  readonly bindingName: string;
  readonly schedule: Schedule;
  readonly runOnStartup: boolean;
  readonly useMonitor: boolean;
};

export type QueueTrigger = {
  readonly type: 'queueTrigger';
  readonly bindingName: string;
  readonly queueName: string;
  /** Name of the setting that holds the connection string. */
  readonly connection: string;
};

export type QueueOutput = Omit<QueueTrigger, 'type'>;

export type PlannedFunction<T = HttpTrigger | TimerTrigger | QueueTrigger> = {
  readonly name: string;
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
  /** `AzureWebJobs.<name>.Disabled`: never triggered, but an admin may still run it. */
  readonly isDisabled: boolean;
  readonly trigger: T;
  readonly outputs: readonly QueueOutput[];
  readonly retry: RetryPlan | undefined;
};

const flag = z.union([z.boolean(), z.stringbool()]);
const httpOptions = z.object({
  route: z.string().optional(),
  methods: z.array(z.string().transform((method) => method.toUpperCase())).default(['GET', 'POST']),
  authLevel: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(['anonymous', 'function', 'admin']))
    .default('anonymous'),
});
const timerOptions = z.object({
  schedule: z.string(),
  runOnStartup: flag.default(false),
  useMonitor: flag.default(true),
});
/** @see "Naming queues and metadata" in the Azure Storage documentation */
const queueOptions = z.object({
  queueName: z.string().regex(/^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/, 'no valid queue name'),
  connection: z.string().default('AzureWebJobsStorage'),
});

/** @throws RefusedError naming the function and the binding, schedule or setting that can't be served. */
export function planFunctions(
  registry: Pick<Registry, 'functions'>,
  settings: Settings,
): readonly PlannedFunction[] {
  return [...registry.functions.values()].map(({ metadata, callback }) => {
    const { name, bindings } = metadata;
    const triggers = Object.entries(bindings).filter(([, { type }]) => /trigger$/i.test(type));
    const [first] = triggers;
    if (first === undefined || triggers.length > 1) {
      throw new RefusedError(`Function ${name} must have exactly one trigger.`);
    }
    const [bindingName, binding] = first;
    const trigger = planTrigger({ name, bindingName, binding, settings });
    const outputs = Object.entries(bindings)
      .filter(([otherName]) => otherName !== bindingName)
      .flatMap(([otherName, other]) =>
        planOther({ name, bindingName: otherName, binding: other, settings }, trigger.type),
      );
    const retry = planRetry(name, metadata.retryOptions);
    return { name, metadata, callback, isDisabled: isDisabled(name, settings), trigger, outputs, retry };
  });
}

type Given = {
  readonly name: string;
  readonly bindingName: string;
  readonly binding: BindingInfo;
  readonly settings: Settings;
};

function planTrigger(given: Given): HttpTrigger | TimerTrigger | QueueTrigger {
  const { name, bindingName, binding } = given;
  switch (binding.type) {
    case 'httpTrigger': {
      const { route = name, methods, authLevel } = read(httpOptions, given);
      return { type: 'httpTrigger', bindingName, route, methods, authLevel };
    }
    case 'timerTrigger': {
      const { schedule: text, runOnStartup, useMonitor } = read(timerOptions, given);
      const schedule = readSchedule(name, text);
      return {
        type: 'timerTrigger',
        bindingName,
        schedule,
        runOnStartup,
        useMonitor: useMonitor && !schedule.isFrequent,
      };
    }
    case 'queueTrigger':
      return { type: 'queueTrigger', bindingName, ...read(queueOptions, given) };
    default:
      throw unknownBinding(given);
  }
}

function planOther(given: Given, triggerType: string): readonly QueueOutput[] {
  const { bindingName, binding } = given;
  if (binding.direction === 'out' && binding.type === 'queue') {
    return [{ bindingName, ...read(queueOptions, given) }];
  }
  if (binding.direction === 'out' && binding.type === 'http' && triggerType === 'httpTrigger') return [];
  throw unknownBinding(given);
}

function unknownBinding({ name, binding }: Given): RefusedError {
  return new RefusedError(
    `Function ${name}: the binding ${binding.type} (${binding.direction}) is not served by this host. ` +
      'It knows httpTrigger, timerTrigger, queueTrigger and queue output.',
  );
}

function read<T>(schema: z.ZodType<T>, { name, binding, settings }: Given): T {
  const resolved = Object.fromEntries(
    Object.entries(binding).map(([option, value]) => [
      option,
      typeof value === 'string' ? resolveSettings(value, settings, name) : value,
    ]),
  );
  const parsed = schema.safeParse(resolved);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RefusedError(
    `Function ${name}: ${issue?.path.join('.')} of its ${binding.type}: ${issue?.message}.`,
  );
}

function readSchedule(name: string, text: string): Schedule {
  try {
    return parseSchedule(text);
  } catch (error) {
    throw new RefusedError(
      `Function ${name}: ${JSON.stringify(text)} is no valid schedule: ${messageOf(error)}.`,
    );
  }
}

function isDisabled(name: string, settings: Settings): boolean {
  const value = settings[`AzureWebJobs.${name}.Disabled`] ?? settings[`AzureWebJobs_${name}_Disabled`];
  return value !== undefined && /^(true|1)$/i.test(value);
}
