// One request to a service of the storage account, through a pipeline of the SDKs (signing, time limits, retries) and past
// what they make of answers.
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type HttpMethods,
  type Pipeline,
  type PipelineResponse,
  RestError,
} from '@azure/core-rest-pipeline';

export type StorageService = {
  /** Its address; a shared access signature is its query. */
  readonly url: string;
  readonly pipeline: Pipeline;
};

export type StorageRequest = {
  readonly method: HttpMethods;
  /** Below the service's address. */
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole of it, the wait for a token included; absent: the pipeline's limits hold. */
  readonly limitMs?: number;
};

const http = createDefaultHttpClient();

/** @throws RestError for every answer but a clear one, with the status and code of a refusal. */
export async function sendRequest(
  service: StorageService,
  { method, path, parameters = {}, headers, body, limitMs }: StorageRequest,
): Promise<PipelineResponse> {
  const address = addressOf(service, path);
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  const request = createPipelineRequest({
    // The service takes a plus sign for itself and not for a space.
    url: address.href.replaceAll('+', '%20'),
    method,
    headers: createHttpHeaders(headers),
    allowInsecureConnection: address.protocol === 'http:',
    ...(body === undefined ? {} : { body }),
    ...(limitMs === undefined ? {} : { abortSignal: AbortSignal.timeout(limitMs) }),
  });
  const response = await service.pipeline.sendRequest(http, request);
  if (response.status < 300) return response;
  throw toRestError(response, response.status);
}

export function addressOf({ url }: StorageService, path: string): URL {
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/$/, '')}/${path}`;
  return address;
}

/** @param statusCode of the answer, or of the part of it that refuses. */
export function toRestError(response: PipelineResponse, statusCode: number): RestError {
  const { request, headers, bodyAsText } = response;
  const code = headers.get('x-ms-error-code') ?? /"code"\s*:\s*"(\w+)"/.exec(bodyAsText ?? '')?.[1];
  const given = code === undefined ? {} : { code };
  return new RestError(code ?? `status ${statusCode}`, { statusCode, request, response, ...given });
}
