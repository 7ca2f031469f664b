// The checks of what lies in this folder: host.json, the bundle, Node; and of telemetry, which nobody is asked about.
import { isLoopback } from '../../../src/config/settings.ts';
import { loadHostJson, readHostJson } from '../../host/host-json.ts';
import { RefusedError } from '../../host/settings.ts';
import { readManifest } from '../../package-files.ts';
import type { Node, Outcome, Run } from '../run.ts';
import type { Reading } from '../settings/reading.ts';
import { fail, skip } from '../verdict.ts';
import { judgeEncoding, judgeFunctions, judgeRules } from './host.ts';
import { judgeTelemetry } from './telemetry.ts';
import { judgeBundle, judgeNode, probeBundle } from './versions.ts';

/** @param root folder of host.json and package.json. */
export function addChecksOfThisFolder(run: Run, values: Node<Reading>, root: string): void {
  run.add('host.rules', { values }, ({ values: { env } }) =>
    orRefused(async () => ({ verdicts: judgeRules(await readHostJson(root, env)) })),
  );
  run.add('host.encoding', { values }, ({ values: { env, draft, whyNot } }) =>
    orRefused(async () => {
      const reason = whyNot('encoding', 'shards');
      if (reason !== null) return { verdicts: [skip(reason)] };
      const host = (await loadHostJson(root, env)).queues.messageEncoding;
      return { verdicts: [judgeEncoding({ host, app: draft.queues.encoding, shards: draft.shards })] };
    }),
  );
  run.add('host.functions', { values }, ({ values: { env, draft, whyNot } }) => {
    const reason = whyNot('shards');
    return { verdicts: reason === null ? judgeFunctions(env, draft.shards) : [skip(reason)] };
  });
  run.add('telemetry.connection', { values }, ({ values: { draft, whyNot, place } }) => {
    const reason = whyNot('telemetry');
    const isDeployed = place === 'elsewhere' || !isLoopback(new URL(draft.graph.root).hostname);
    return {
      verdicts: [
        reason === null ? judgeTelemetry(draft.telemetry?.reveal() ?? null, isDeployed) : skip(reason),
      ],
    };
  });
  run.add('versions.node', {}, async () => ({
    verdicts: [judgeNode(process.versions.node, (await readManifest(root)).engines['node'] ?? '')],
  }));
  run.add('versions.bundle', {}, async () => ({ verdicts: [judgeBundle(await probeBundle(root))] }));
}

/** A file that can't be read has a message of its own, which names the member and no value. */
async function orRefused(look: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return {
      verdicts: [
        fail({
          detail: error.message,
          fix: 'Correct host.json, or the AzureFunctionsJobHost__… setting that replaces it.',
        }),
      ],
    };
  }
}
