// The last guard before anything is shown. Checks never put a value of a setting into a text that may be a secret; what
// should slip through in spite of that, a library's message for example, is taken out here by its value and by its shape.
import type { Env } from '../../src/config/types.ts';
import { redactText } from '../../src/telemetry/redact.ts';

/** Names whose values, or parts of values, are secrets. */
const secretNames =
  /SECRET|PASSWORD|TOKEN|KEY|CLIENT_STATE|CONNECTION_?STRING|HEADER|SIGNATURE|^AzureWebJobsStorage$|^OPWATCH_STORAGE$/i;
/** Parts of a connection string that are none: names of accounts and addresses. */
const openParts = /^(DefaultEndpointsProtocol|AccountName|EndpointSuffix|\w*Endpoint|ApplicationId)$/i;
/** Shorter texts are words that occur by chance. */
const leastLength = 8;

/** @returns a function that takes the secrets of these settings out of a text. */
export function createScrub(env: Env): (text: string) => string {
  const secrets = Object.entries(env)
    .filter(([name]) => secretNames.test(name))
    .flatMap(([, value = '']) => [value, ...secretParts(value)])
    .filter((secret) => secret.length >= leastLength)
    .toSorted((a, b) => b.length - a.length);
  return (text) => redactText(secrets.reduce((left, secret) => left.replaceAll(secret, '[secret]'), text));
}

function secretParts(value: string): readonly string[] {
  return value.split(/[;&]/).flatMap((part) => {
    const at = part.indexOf('=');
    return at < 1 || openParts.test(part.slice(0, at)) ? [] : [part.slice(at + 1)];
  });
}
