// A workbook is JSON that nothing but the portal looks at, so its form is looked at here: the parts that we use.
import { z } from 'zod';

const text = z.strictObject({
  type: z.literal(1),
  name: z.string(),
  content: z.strictObject({ json: z.string().min(1) }),
});
const parameters = z.strictObject({
  type: z.literal(9),
  name: z.string(),
  content: z.looseObject({
    version: z.literal('KqlParameterItem/1.0'),
    parameters: z.array(z.looseObject({ name: z.string(), type: z.number() })).min(1),
  }),
});
const query = z.strictObject({
  type: z.literal(3),
  name: z.string(),
  customWidth: z.string().regex(/^\d{2,3}$/),
  content: z.strictObject({
    version: z.literal('KqlItem/1.0'),
    title: z.string().min(1),
    query: z.string().min(1),
    size: z.int(),
    queryType: z.literal(0),
    resourceType: z.literal('microsoft.operationalinsights/workspaces'),
    timeContextFromParameter: z.string(),
    visualization: z.enum(['timechart', 'barchart', 'table', 'tiles']),
    noDataMessage: z.string(),
  }),
});
const workbook = z.strictObject({
  version: z.literal('Notebook/1.0'),
  items: z.array(z.discriminatedUnion('type', [text, parameters, query])).min(1),
  fallbackResourceIds: z.array(z.string()).max(0),
  $schema: z.string(),
});

export type WorkbookQuery = { readonly name: string; readonly query: string };
export type Workbook = { readonly problems: readonly string[]; readonly queries: readonly WorkbookQuery[] };

/** @returns its queries, and what is wrong with its form. */
export function readWorkbook(json: string): Workbook {
  const { data, error } = workbook.safeParse(JSON.parse(json));
  if (data === undefined) return { problems: [z.prettifyError(error)], queries: [] };
  const times = new Set(
    data.items.flatMap((item) => (item.type === 9 ? item.content.parameters.map(({ name }) => name) : [])),
  );
  const charts = data.items.filter((item) => item.type === 3);
  const names = data.items.map(({ name }) => name);
  return {
    problems: [
      ...names
        .filter((name, index) => names.indexOf(name) !== index)
        .map((name) => `two items are called ${name}`),
      ...charts
        .filter(({ content }) => !times.has(content.timeContextFromParameter))
        .map(({ name, content }) => `${name}: there is no parameter ${content.timeContextFromParameter}`),
    ],
    queries: charts.map(({ name, content }) => ({ name, query: content.query })),
  };
}
