// Settings of the local product: everything on loopback, and times short enough to watch.

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
    ...(Object.fromEntries(kinds) as Record<string, string>),
  };
}
