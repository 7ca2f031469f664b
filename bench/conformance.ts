// `npm run conformance`: the eleven cases in which generic pollers go wrong on Graph operations, run against Opwatch and
// against the poller of the Azure SDKs. Ends with 1 when Opwatch gets one wrong.
import { parseArgs } from 'node:util';
import { startAzurite } from '../dev/azurite.ts';
import { conformanceCases, isRight } from './conformance/cases.ts';
import { runCoreLro } from './conformance/core-lro.ts';
import { runOpwatch } from './conformance/opwatch.ts';
import {
  type ConformanceResult,
  conformanceLine,
  conformanceSummary,
  conformanceTable,
} from './conformance/table.ts';
import { writeBlock } from './documents.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const azurite = await startAzurite();
const results: ConformanceResult[] = [];
try {
  for (const conformanceCase of conformanceCases) {
    const opwatch = await runOpwatch(conformanceCase, azurite.connectionString);
    results.push({ conformanceCase, opwatch, coreLro: await runCoreLro(conformanceCase) });
  }
} finally {
  await azurite.stop();
}
const table = `${conformanceTable(results)}\n\n${conformanceLine(results)}`;
process.stdout.write(`${table}\n`);
if (values.write) {
  await writeBlock('docs/performance.md', 'conformance', table);
  await writeBlock('README.md', 'conformance', conformanceSummary(results));
}
process.exit(results.every((one) => isRight(one.conformanceCase, one.opwatch)) ? 0 : 1);
