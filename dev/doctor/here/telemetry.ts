// Whether the connection string of Application Insights has what it needs. Its values are not shown: the key lets
// anybody send.
// @see "Connection strings in Application Insights"
import { fail, pass, type Verdict, warn } from '../verdict.ts';

const name = 'APPLICATIONINSIGHTS_CONNECTION_STRING';
const again = `Take it anew from the overview of the Application Insights component (or azd provision), and set ${name} to it.`;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @param isDeployed whether anybody would miss it. */
export function judgeTelemetry(connectionString: string | null, isDeployed: boolean): Verdict {
  if (connectionString === null) {
    if (!isDeployed) return pass('off');
    return warn({
      detail: 'Telemetry is off: no alert can fire and the workbook stays empty.',
      fix: `Set ${name} (azd provision does).`,
    });
  }
  const parts = new Map(
    connectionString.split(';').flatMap((part) => {
      const at = part.indexOf('=');
      return at < 1 ? [] : [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()] as const];
    }),
  );
  if (!guid.test(parts.get('instrumentationkey') ?? ''))
    return fail({
      detail: `${name} has no InstrumentationKey that is a GUID: nothing would be sent.`,
      fix: again,
    });
  for (const part of ['ingestionendpoint', 'liveendpoint']) {
    const endpoint = parts.get(part);
    if (endpoint !== undefined && URL.parse(endpoint)?.protocol !== 'https:')
      return fail({
        detail: `The ${part === 'liveendpoint' ? 'LiveEndpoint' : 'IngestionEndpoint'} in ${name} is no https address.`,
        fix: again,
      });
  }
  if (!parts.has('ingestionendpoint'))
    return warn({
      detail: `${name} has no IngestionEndpoint, so telemetry goes to the global one.`,
      fix: again,
    });
  return pass('it has a key and an endpoint');
}
