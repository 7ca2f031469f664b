// Where a queue service is and how its requests are signed, for requests through the SDKs' own core. The queue SDK itself
// would cost an eighth of a second at start and most of a millisecond a message, for two requests in all.
import { createHmac, createSecretKey } from 'node:crypto';
import {
  bearerTokenAuthenticationPolicy,
  createPipelineFromOptions,
  type PipelinePolicy,
  type PipelineRequest,
} from '@azure/core-rest-pipeline';
import type { StorageConnection } from './connections.ts';
import { emulatorAccount } from './emulator.ts';
import type { StorageService } from './send-request.ts';

const scope = 'https://storage.azure.com/.default';
/** What the short form of a connection string stands for. */
const emulator = [
  `AccountName=${emulatorAccount.name}`,
  `AccountKey=${emulatorAccount.key}`,
  `QueueEndpoint=http://127.0.0.1:10001/${emulatorAccount.name}`,
].join(';');

/**
 * Its pipeline tries once: a hidden retry would only make more copies of a message.
 * @throws TypeError for a connection string that names no queue service or nothing to sign with.
 */
export function openQueueAccount(connection: StorageConnection): StorageService {
  const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 } });
  if (connection.type === 'identity') {
    const { credential, queueServiceUri } = connection;
    pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }), { phase: 'Sign' });
    return { url: queueServiceUri, pipeline };
  }
  const fields = fieldsOf(connection.connectionString);
  const { AccountName: name, AccountKey: key, SharedAccessSignature: sas } = fields;
  if (sas !== undefined) return { url: `${endpointOf(fields)}?${sas.replace(/^\?/, '')}`, pipeline };
  if (name === undefined || key === undefined)
    throw new TypeError('A connection string has an AccountName and AccountKey, or a SharedAccessSignature.');
  pipeline.addPolicy(sharedKeyPolicy(name, key), { phase: 'Sign' });
  return { url: endpointOf(fields), pipeline };
}

type Fields = Readonly<Record<string, string | undefined>>;

function fieldsOf(connectionString: string): Fields {
  const text = /^\s*UseDevelopmentStorage=true;?\s*$/i.test(connectionString) ? emulator : connectionString;
  const pairs = text.split(';').map((pair) => /^\s*(\w+)=(.*?)\s*$/.exec(pair));
  return Object.fromEntries(pairs.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : [])));
}

function endpointOf(fields: Fields): string {
  const { QueueEndpoint: endpoint, AccountName: name, EndpointSuffix: suffix = 'core.windows.net' } = fields;
  if (endpoint !== undefined) return endpoint;
  if (name === undefined) throw new TypeError('A connection string has a QueueEndpoint or an AccountName.');
  return `${fields['DefaultEndpointsProtocol'] ?? 'https'}://${name}.queue.${suffix}`;
}

/** "Shared Key Lite" of the storage services: method, type, `x-ms-` headers and path, signed by the account's key. */
function sharedKeyPolicy(accountName: string, accountKey: string): PipelinePolicy {
  const key = createSecretKey(accountKey, 'base64');
  return {
    name: 'sharedKey',
    sendRequest(request, next) {
      request.headers.set('x-ms-date', new Date().toUTCString());
      const signature = createHmac('sha256', key).update(textToSign(request, accountName)).digest('base64');
      request.headers.set('authorization', `SharedKeyLite ${accountName}:${signature}`);
      return next(request);
    },
  };
}

function textToSign({ method, headers, url }: PipelineRequest, accountName: string): string {
  const ours = Object.entries(headers.toJSON()).filter(([name]) => name.startsWith('x-ms-'));
  return [
    method,
    '', // no digest of the body
    headers.get('content-type') ?? '',
    '', // the date is a header of its own
    ...ours.toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([name, value]) => `${name}:${value}`),
    `/${accountName}${new URL(url).pathname}`,
  ].join('\n');
}
