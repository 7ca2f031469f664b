// JSON batching as Graph does it: at most 20 items, judged one by one, answered in any order.
// @see Microsoft Graph documentation, "Combine multiple HTTP requests using JSON batching"
import type { Failure } from './errors.ts';
import type { Subject } from './faults.ts';
import { answerResource } from './graph-routes.ts';
import { parsePath } from './paths.ts';
import type { Answer, Exchange, Version } from './protocol.ts';
import { shuffled } from './random.ts';
import type { Kind } from './scripts.ts';
import { fail, type Simulation } from './simulation.ts';

const maxBatchItems = 20;

/** One item of a batch as it was sent, checked for shape only. */
type BatchItem = {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly dependsOn?: readonly string[];
};

type ItemAnswer = {
  readonly id: string;
  readonly status: number;
  readonly headers?: unknown;
  readonly body?: unknown;
};

type BatchRequest = {
  readonly version: Version;
  readonly body: unknown;
  readonly exchange: Exchange;
  readonly subject: Subject;
};

/** Answers a batch: 200 when it can be read, whatever its items say. */
export function answerBatch(simulation: Simulation, batch: BatchRequest): Answer {
  const { faults } = simulation;
  const items = readItems(batch.body);
  if (typeof items === 'string') {
    return fail(simulation, malformed(items), batch);
  }
  if (faults.isActive && batch.subject.kinds.includes('commsOperation')) {
    const refusal = faults.take('commsInBatch', { ...batch.subject, kinds: ['commsOperation'] }, 'request');
    if (refusal) {
      const message = 'Calls are not supported in a batch.';
      return fail(simulation, { status: refusal.status, code: 'BadRequest', message }, batch);
    }
  }
  const answers = answerItems(simulation, batch, items);
  const responses = distorted(simulation, batch.subject, inOrder(simulation, batch.subject, answers));
  const isThrottled = faults.isActive && answers.some((answer) => answer.status === 429);
  const status = isThrottled && faults.take('batchOuter424', batch.subject) ? 424 : 200;
  return { status, headers: { 'Content-Type': 'application/json' }, body: { responses } };
}

/** Paths and kinds of a batch, for rules that speak of them. */
export function batchContents(
  body: unknown,
  version: Version,
): { readonly paths: readonly string[]; readonly kinds: readonly Kind[] } {
  const items = readItems(body);
  if (typeof items === 'string') {
    return { paths: ['/$batch'], kinds: [] };
  }
  const kinds = new Set<Kind>();
  for (const item of items) {
    const resource = parsePath(item.url, version);
    if ('kind' in resource) {
      kinds.add(resource.kind);
    }
  }
  return { paths: ['/$batch', ...items.map((item) => item.url)], kinds: [...kinds] };
}

/** Items of a well-formed batch, or what is wrong with it. */
function readItems(body: unknown): readonly BatchItem[] | string {
  const requests = (body as { requests?: unknown } | null | undefined)?.requests;
  if (!Array.isArray(requests) || requests.length === 0) {
    return 'Invalid batch payload format.';
  }
  if (requests.length > maxBatchItems) {
    return `Number of batch request steps exceeds the maximum value of ${maxBatchItems}.`;
  }
  const ids = new Set<string>();
  for (const item of requests) {
    const problem = problemOf(item as Partial<BatchItem> | null);
    if (problem !== undefined) {
      return problem;
    }
    ids.add((item as BatchItem).id.toLowerCase());
  }
  if (ids.size < requests.length) {
    return 'Request ids must be unique without regard to case.';
  }
  const items = requests as readonly BatchItem[];
  const isKnown = (id: unknown) => typeof id === 'string' && ids.has(id.toLowerCase());
  return items.every((item) => (item.dependsOn ?? []).every(isKnown))
    ? items
    : 'A dependsOn names a request that is not in the batch.';
}

function problemOf(item: Partial<BatchItem> | null): string | undefined {
  if (
    typeof item?.id !== 'string' ||
    item.id === '' ||
    typeof item.method !== 'string' ||
    typeof item.url !== 'string'
  ) {
    return 'Every request needs id, method and url.';
  }
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(item.url) || /^\/?(v1\.0|beta)(\/|$)/i.test(item.url)) {
    return `Request ${item.id}: the url must be relative and without version.`;
  }
  if (/^\/?\$batch/i.test(item.url)) {
    return `Request ${item.id}: batches cannot be nested.`;
  }
  const hasType = Object.keys(item.headers ?? {}).some((name) => name.toLowerCase() === 'content-type');
  if (item.body !== undefined && !hasType) {
    return `Write request id : ${item.id} does not contain Content-Type header or body.`;
  }
  return item.dependsOn === undefined || Array.isArray(item.dependsOn)
    ? undefined
    : 'dependsOn is a list of ids.';
}

function answerItems(simulation: Simulation, batch: BatchRequest, items: readonly BatchItem[]): ItemAnswer[] {
  if (!items.some((item) => item.dependsOn)) {
    return items.map((item) => answerItem(simulation, batch, item));
  }
  const answers = new Map<string, ItemAnswer>();
  let waiting = items;
  // Each round answers the items whose dependencies have been answered; a circle is left over.
  for (let isMoving = true; isMoving && waiting.length > 0; ) {
    const ready = waiting.filter((item) => dependencies(item).every((id) => answers.has(id)));
    for (const item of ready) {
      const isBlocked = dependencies(item).some((id) => (answers.get(id)?.status ?? 0) >= 400);
      answers.set(
        item.id.toLowerCase(),
        isBlocked ? notExecuted(simulation, batch, item) : answerItem(simulation, batch, item),
      );
    }
    waiting = waiting.filter((item) => !ready.includes(item));
    isMoving = ready.length > 0;
  }
  return [...answers.values(), ...waiting.map((item) => notExecuted(simulation, batch, item))];
}

function dependencies(item: BatchItem): readonly string[] {
  return (item.dependsOn ?? []).map((id) => id.toLowerCase());
}

function notExecuted(simulation: Simulation, batch: BatchRequest, item: BatchItem): ItemAnswer {
  const { status, headers, body } = fail(simulation, { status: 424, code: 'FailedDependency' }, batch);
  return { id: item.id, status, headers, body };
}

function answerItem(simulation: Simulation, batch: BatchRequest, item: BatchItem): ItemAnswer {
  const headers = lowerCased(item.headers);
  const clientRequestId = headers['client-request-id'];
  const {
    status,
    headers: answerHeaders,
    body,
  } = answerResource(simulation, {
    version: batch.version,
    method: item.method.toUpperCase(),
    path: item.url.startsWith('/') ? item.url : `/${item.url}`,
    headers,
    body: item.body,
    batched: true,
    exchange: clientRequestId === undefined ? batch.exchange : { ...batch.exchange, clientRequestId },
  });
  // 204 has no body, and Graph leaves the member out.
  return body === undefined
    ? { id: item.id, status, headers: answerHeaders }
    : { id: item.id, status, headers: answerHeaders, body };
}

const noHeaders: Readonly<Record<string, string>> = {};

function lowerCased(headers: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  if (!headers) {
    return noHeaders;
  }
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function inOrder(
  simulation: Simulation,
  subject: Subject,
  answers: readonly ItemAnswer[],
): readonly ItemAnswer[] {
  const { faults, random } = simulation;
  const order = faults.isActive ? faults.take('batchOrder', subject)?.order : undefined;
  if (order === 'asked') {
    return answers;
  }
  return order === 'reversed' ? answers.toReversed() : shuffled(answers, random);
}

/** Missing, duplicate, unknown and misspelt answers. */
function distorted(
  simulation: Simulation,
  subject: Subject,
  answers: readonly ItemAnswer[],
): readonly ItemAnswer[] {
  const { faults } = simulation;
  if (!faults.isActive) {
    return answers;
  }
  const missing = faults.take('batchMissing', subject)?.count ?? 0;
  let result = answers.slice(missing);
  const duplicate = faults.take('batchDuplicate', subject);
  if (duplicate) {
    const copies = result
      .slice(0, duplicate.count)
      .map((copy) => ({ ...copy, status: duplicate.status ?? copy.status }));
    result = [...result, ...copies];
  }
  const unknown = faults.take('batchUnknownId', subject);
  const model = result[0];
  if (unknown && model) {
    const added = Array.from({ length: unknown.count }, (_, index) => ({
      ...model,
      id: `${unknown.id}${index || ''}`,
    }));
    result = [...added, ...result];
  }
  const idCase = faults.take('batchIdCase', subject)?.form;
  const headerCase = faults.take('batchHeaderCase', subject)?.form;
  return result.map((answer) => ({
    ...answer,
    ...(idCase ? { id: recasedId(answer.id, idCase) } : {}),
    ...(headerCase ? { headers: recasedHeaders(answer.headers, headerCase) } : {}),
  }));
}

function recasedId(id: string, form: 'upper' | 'lower' | 'swapped'): string {
  if (form === 'swapped') {
    return id.replace(/[a-z]/gi, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
  }
  return form === 'upper' ? id.toUpperCase() : id.toLowerCase();
}

function recasedHeaders(headers: unknown, form: 'upper' | 'lower' | 'null' | 'absent'): unknown {
  if (form === 'null' || form === 'absent') {
    return form === 'null' ? null : undefined;
  }
  const recase = (name: string) => (form === 'upper' ? name.toUpperCase() : name.toLowerCase());
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [recase(name), value]));
}

function malformed(message: string): Failure {
  return { status: 400, code: 'BadRequest', message };
}
