// Headers of a notification, as they were seen in the log of a public bot.

export type PushHeaders = Readonly<Record<string, string>>;

export type MessageIds = {
  /** The same for a message and its redeliveries. */
  readonly chain: string;
  readonly original: string;
  /** The same for copies only. */
  readonly message: string;
};

/** @param path of the operation or call, whose call gives the scenario; @param token absent: nobody signed */
export function pushHeaders(ids: MessageIds, path: string, token: string | undefined): PushHeaders {
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'Microsoft-Skype/3.0,(Calling/1.0)',
    'Scenario-Id': path.split('/')[3] ?? ids.chain,
    'Client-Request-Id': ids.message,
    'X-Microsoft-Skype-Chain-ID': ids.chain,
    'X-Microsoft-Skype-Message-ID': ids.message,
    'X-Microsoft-Skype-Original-Message-ID': ids.original,
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
}
