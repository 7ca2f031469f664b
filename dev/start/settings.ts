// Settings of the local product: everything on loopback, and times short enough to watch.

/** The bot of the demo: the app id that notifications of its calls are for, and its tenant. */
export const demoBot = {
  appId: '0b8f1e7c-0000-4000-8000-000000000001',
  tenantId: '0b8f1e7c-0000-4000-8000-000000000002',
} as const;

/** @param at.storage connection string; @param at.graph address of the simulator. */
export function demoSettings(at: {
  readonly storage: string;
  readonly graph: string;
}): Readonly<Record<string, string>> {
  const kinds = ['CONNECTION_OPERATION', 'COMMS_OPERATION', 'ONENOTE_OPERATION'].flatMap((kind) => [
    [`OPWATCH_${kind}_TICK`, '*/1 * * * * *'],
    [`OPWATCH_${kind}_FIRST_POLL_SECONDS`, '1'],
    [`OPWATCH_${kind}_INTERVAL_SECONDS`, '1'],
  ]);
  return {
    AzureWebJobsStorage: at.storage,
    OPWATCH_GRAPH_CLOUD: 'custom',
    OPWATCH_GRAPH_ROOT: at.graph,
    OPWATCH_CREDENTIAL: 'static',
    OPWATCH_STATIC_TOKEN: 'only-for-the-simulator',
    OPWATCH_LOST_GRACE_SECONDS: '2',
    OPWATCH_CALLS_APP_ID: demoBot.appId,
    OPWATCH_CALLS_TENANTS: demoBot.tenantId,
    OPWATCH_CALLS_OPENID_URL: `${at.graph}/v1/.well-known/OpenIdConfiguration`,
    ...(Object.fromEntries(kinds) as Record<string, string>),
  };
}
