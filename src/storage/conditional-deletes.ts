// Deletes under If-Match within a transaction. The SDK's `submitTransaction` drops the ETag of a delete and sends
// `If-Match: *` (data-tables 13.3.2, TableClient.submitTransaction), and this store ends operations by such deletes.
// So the ETags travel beside the request, and a policy puts them into its body. What it can't place is not sent.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { TableServiceClientOptions } from '@azure/data-tables';
import type { TableAction } from './table.ts';

type AdditionalPolicy = NonNullable<TableServiceClientOptions['additionalPolicies']>[number];

/** By row key: the ETag under which the row is deleted. */
type Conditions = ReadonlyMap<string, string>;

const conditionsOfRequest = new AsyncLocalStorage<Conditions>();

/** Runs `submit` so that the deletes of its one transaction carry the ETags of `actions`. The client needs the policy. */
export function withConditionalDeletes<T>(
  actions: readonly TableAction[],
  submit: () => Promise<T>,
): Promise<T> {
  const conditions = new Map<string, string>();
  for (const action of actions) {
    if (action.type === 'delete' && action.etag !== '*') conditions.set(action.rowKey, action.etag);
  }
  return conditionsOfRequest.run(conditions, submit);
}

/** The client's part of `withConditionalDeletes`. Shared-key signatures of tables do not cover the body. */
export const conditionalDeletesPolicy: AdditionalPolicy = {
  position: 'perCall',
  policy: {
    name: 'conditionalDeletes',
    sendRequest(request, next) {
      const conditions = conditionsOfRequest.getStore();
      if (conditions === undefined || conditions.size === 0) return next(request);
      if (typeof request.body !== 'string') throw new TypeError('The body of a transaction is not text.');
      request.body = placeConditions(request.body, conditions);
      return next(request);
    },
  },
};

/** Request line and headers of a delete. JSON has no bare line breaks, so nothing within a body looks like one. */
const deletePart = /^DELETE \S+ HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)+/gm;
const rowKeyInAddress = /\bRowKey='(\S*)'\)/;
const ifMatch = /^if-match: .*$/im;

function placeConditions(body: string, conditions: Conditions): string {
  const placed = new Set<string>();
  const text = body.replace(deletePart, (part) => {
    const name = rowKeyInAddress.exec(part)?.[1] ?? '';
    const rowKey = decodeURIComponent(name).replaceAll("''", "'");
    const etag = conditions.get(rowKey);
    if (etag === undefined || !ifMatch.test(part)) return part;
    placed.add(rowKey);
    return part.replace(ifMatch, () => `If-Match: ${etag}`);
  });
  if (placed.size !== conditions.size)
    throw new TypeError('A conditional delete was not found in its request.');
  return text;
}
