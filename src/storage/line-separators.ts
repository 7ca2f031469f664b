// Line and paragraph separators in a transaction are sent escaped. They are legal within JSON, but Azurite (3.37) takes
// them for ends of lines, stops in the middle of a row and from then on refuses every transaction of every table: one
// text of a caller or of Graph must not do that.
import type { TableServiceClientOptions } from '@azure/data-tables';

/** The body's parts are JSON, and all else in it is ASCII: an escape there means the same. */
export const lineSeparatorsPolicy: NonNullable<TableServiceClientOptions['additionalPolicies']>[number] = {
  position: 'perCall',
  policy: {
    name: 'lineSeparators',
    sendRequest(request, next) {
      if (typeof request.body === 'string')
        request.body = request.body.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
      return next(request);
    },
  },
};
