// A sign-in service on loopback over TLS, as Entra is one for apps: it checks whoever asks, gives each a token that
// nobody had before, and can misbehave. Its certificate is of its own authority.
import { createPublicKey, randomUUID, verify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { makeCertificate } from './certificates.ts';

export type TokenRequest = {
  /** Of the authority that was asked, as the client wrote it. */
  readonly host: string;
  readonly tenant: string;
  readonly form: Readonly<Record<string, string>>;
  /** Null when it was refused. */
  readonly token: string | null;
};

export type SignInMode = 'tokens' | '400' | '500' | 'hang' | 'slow' | 'redirect' | 'page' | 'endless';

export type SignInService = {
  readonly url: string;
  readonly port: number;
  /** PEM of the authority that signed its certificate. */
  readonly authorityPem: string;
  readonly requests: () => readonly TokenRequest[];
  /** Everything else that was asked: metadata, and nothing that a test does not know. */
  readonly otherPaths: () => readonly string[];
  /** What it does from now on. `redirect` goes to `elsewhere`. */
  mode: SignInMode;
  elsewhere: string;
  lifeSeconds: number;
  /** The token that is given from now on; null: each is another. */
  next: string | null;
  readonly stop: () => Promise<void>;
};

/** What an app has to prove itself: one of them. */
export type Accepted = {
  readonly clientId: string;
  readonly secret?: string;
  readonly certificatePem?: string;
  /** Token of a federated issuer, taken as it is. */
  readonly federatedToken?: () => string;
};

/** Names under which it can be reached; the last ones only through a proxy. */
const hosts = ['localhost', '127.0.0.1', 'login.microsoftonline.com', 'login.microsoftonline.us'];
const slowMs = 1500;

export async function startSignInService(accepted: Accepted): Promise<SignInService> {
  // A client that trusts several tells them apart by their names.
  const name = `Sign-in authority ${randomUUID()}`;
  const authority = makeCertificate(name, null);
  const own = makeCertificate('Sign-in', { name, certificate: authority }, hosts);
  const requests: TokenRequest[] = [];
  const otherPaths: string[] = [];
  const server = createServer(
    { key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: own.pem },
    // A test that fails here fails by what its client is told.
    (request, response) => void serve(request, response).catch(() => response.destroy()),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const service: SignInService = {
    url: `https://localhost:${port}`,
    port,
    authorityPem: authority.pem,
    requests: () => requests,
    otherPaths: () => otherPaths,
    mode: 'tokens',
    elsewhere: '',
    lifeSeconds: 3600,
    next: null,
    stop: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return service;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path } = new URL(request.url ?? '', service.url);
    const [, tenant = ''] = path.split('/');
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    if (request.method !== 'POST' || !/^\/[^/]+\/oauth2\/v2\.0\/token$/.test(path)) {
      otherPaths.push(path);
      answerJson(response, 200, metadataOf(`https://${request.headers.host ?? ''}/${tenant}`));
      return;
    }
    const isProven =
      service.mode !== '400' && proves(accepted, form, `https://${request.headers.host}${path}`);
    const token = isProven ? (service.next ?? `token-${requests.length + 1}-${randomUUID()}`) : null;
    requests.push({ host: request.headers.host ?? '', tenant, form, token });
    answer(response, token);
  }

  function answer(response: ServerResponse, token: string | null): void {
    switch (service.mode) {
      case 'tokens':
      case '400':
        answerToken(response, token);
        return;
      case 'slow':
        setTimeout(() => answerToken(response, token), slowMs); // longer than a call to Graph, shorter than any limit
        return;
      case '500':
        response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"server_error"}');
        return;
      case 'redirect':
        response.writeHead(307, { location: service.elsewhere }).end();
        return;
      case 'page':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>');
        return;
      case 'endless':
        response.writeHead(200, { 'content-type': 'application/json' }).write('{"access_token":"');
        return;
      case 'hang':
    }
  }

  function answerToken(response: ServerResponse, token: string | null): void {
    if (token === null) {
      answerJson(response, 400, { error: 'invalid_client', error_description: 'AADSTS7000215: refused.' });
      return;
    }
    const expiresIn = service.lifeSeconds;
    answerJson(response, 200, { token_type: 'Bearer', expires_in: expiresIn, access_token: token });
  }
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function metadataOf(tenantUrl: string): Readonly<Record<string, string>> {
  return {
    issuer: `${tenantUrl}/v2.0`,
    authorization_endpoint: `${tenantUrl}/oauth2/v2.0/authorize`,
    token_endpoint: `${tenantUrl}/oauth2/v2.0/token`,
    jwks_uri: `${tenantUrl}/discovery/v2.0/keys`,
  };
}

function proves(
  { clientId, secret, certificatePem, federatedToken }: Accepted,
  form: TokenRequest['form'],
  audience: string,
): boolean {
  if (form['grant_type'] !== 'client_credentials' || form['client_id'] !== clientId) return false;
  if (secret !== undefined) return form['client_secret'] === secret;
  if (form['client_assertion_type'] !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    return false;
  const assertion = form['client_assertion'] ?? '';
  if (federatedToken !== undefined) return assertion === federatedToken();
  return certificatePem !== undefined && isSignedBy(certificatePem, assertion, { clientId, audience });
}

/** @see RFC 7523 section 3, and Entra's "certificate credentials": which certificate, by whom, for whom, until when. */
function isSignedBy(
  certificatePem: string,
  assertion: string,
  expected: { readonly clientId: string; readonly audience: string },
): boolean {
  const [head = '', payload = '', signature = ''] = assertion.split('.');
  const certificate = new X509Certificate(certificatePem);
  const thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  const header = decode(head);
  const claims = decode(payload);
  const nowSeconds = Date.now() / 1000;
  const key = { key: createPublicKey(certificatePem), padding: 6, saltLength: 32 };
  return (
    header['alg'] === 'PS256' &&
    header['x5t#S256'] === thumbprint &&
    claims['iss'] === expected.clientId &&
    claims['sub'] === expected.clientId &&
    claims['aud'] === expected.audience &&
    Number(claims['exp']) > nowSeconds &&
    Number(claims['exp']) < nowSeconds + 3600 &&
    Number(claims['nbf']) <= nowSeconds + 1 &&
    typeof claims['jti'] === 'string' &&
    verify('sha256', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))
  );
}

function decode(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>;
}
