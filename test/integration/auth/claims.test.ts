// The attack list of callers' tokens: what each claim must be, and which rights follow from it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { audience, type Claims, client, issuerName, tenant } from '../../fixtures/issuer.ts';
import { connection, type Entra, startEntra } from './entra.ts';

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra();
});
afterAll(() => entra.stop());
beforeEach(() => entra.reset());

const nowSeconds = Math.floor(Date.now() / 1000);
const otherTenant = '99999999-2222-4333-8444-555555555555';

describe('a claim', () => {
  test.each<[string, Claims, number, string]>([
    ['A-14 expired beyond the tolerance', { exp: nowSeconds - 90 }, 401, 'auth_expired'],
    ['A-14 no expiry', { exp: undefined }, 401, 'auth_invalid'],
    ['A-14 an expiry that is a text', { exp: '9999999999' }, 401, 'auth_invalid'],
    ['A-14 an expiry beyond all calendars', { exp: 1e20 }, 401, 'auth_invalid'],
    ['A-14 not valid for two minutes', { nbf: nowSeconds + 180 }, 401, 'auth_expired'],
    ['A-14 issued in the future', { iat: nowSeconds + 180 }, 401, 'auth_invalid'],
    ['A-14 no time of issue', { iat: undefined }, 401, 'auth_invalid'],
    ['A-14 no beginning', { nbf: undefined }, 401, 'auth_invalid'],
    ['A-16 for Graph', { aud: 'https://graph.microsoft.com' }, 401, 'auth_audience'],
    ['A-16 for another app', { aud: client }, 401, 'auth_audience'],
    ['A-16 for a prefix', { aud: 'api://opwatc' }, 401, 'auth_audience'],
    ['A-16 for a trailing slash', { aud: `${audience}/` }, 401, 'auth_audience'],
    ['A-16 for nobody', { aud: undefined }, 401, 'auth_audience'],
    ['A-16 for others too', { aud: [audience, client] }, 401, 'auth_audience'],
    ['A-16 for a list of us', { aud: [audience] }, 401, 'auth_audience'],
    ['A-17 of another tenant', { iss: issuerName.replace(tenant, otherTenant) }, 401, 'auth_issuer'],
    ['A-17 of the v1 form', { iss: `https://sts.windows.net/${tenant}/` }, 401, 'auth_issuer'],
    ['A-17 of the common tenant', { iss: issuerName.replace(tenant, 'common') }, 401, 'auth_issuer'],
    ['A-17 of http', { iss: issuerName.replace('https', 'http') }, 401, 'auth_issuer'],
    ['A-17 of nobody', { iss: undefined }, 401, 'auth_issuer'],
    ['A-17 with another tid', { tid: otherTenant }, 401, 'auth_tenant'],
    ['A-17 without tid', { tid: undefined }, 401, 'auth_tenant'],
    ['A-17 with a list of tids', { tid: [tenant] }, 401, 'auth_tenant'],
    ['A-20 no roles', { roles: undefined }, 403, 'auth_role'],
    ['A-20 empty roles', { roles: [] }, 403, 'auth_role'],
    ['A-20 roles that are a text', { roles: 'Graph.Read' }, 403, 'auth_role'],
    ['A-20 a scope in place of roles', { roles: undefined, scp: 'Graph.Read' }, 403, 'auth_role'],
    [
      'A-20 roles of others',
      { roles: ['graph.read', 'Graph.Read.All', 'Operations.Read'] },
      403,
      'auth_role',
    ],
    ['A-20 an id token', { roles: undefined, nonce: 'x', azp: undefined }, 403, 'auth_role'],
    ['A-23 a call notification', { iss: 'https://api.botframework.com', aud: client }, 401, 'auth_issuer'],
  ])('is refused: %s', async (_what, changes, status, code) => {
    await entra.expectRefused(await entra.readAs(`Bearer ${entra.tokenOf(changes)}`), status, code);
  });

  test.each<[string, Claims]>([
    ['expired within the tolerance', { exp: nowSeconds - 5 }],
    ['issued a little in the future', { iat: nowSeconds + 30, nbf: nowSeconds + 30 }],
    ['a tenant in upper case', { tid: tenant.toUpperCase() }],
    ['further claims', { wids: [], xms_cc: { a: 1 } }],
  ])('is accepted: %s', async (_what, changes) => {
    expect(await entra.readAs(`bearer ${entra.tokenOf(changes)}`)).toMatchObject({ status: 200 });
  });
});

describe('A-20: a role', () => {
  const asked = (roles: readonly string[], body: unknown) => ({
    headers: { authorization: `Bearer ${entra.tokenOf({ roles })}` },
    body,
  });

  test('of reading does not change anything', async () => {
    await entra.expectRefused(
      await entra.proxy.patch(connection, asked(['Graph.Read'], { name: 'x' })),
      403,
      'auth_role',
    );
  });

  test('of changing does not read', async () => {
    await entra.expectRefused(
      await entra.readAs(`Bearer ${entra.tokenOf({ roles: ['Graph.Patch'] })}`),
      403,
      'auth_role',
    );
  });

  test('of changing changes, but for the configuration', async () => {
    expect(await entra.proxy.patch(connection, asked(['Graph.Patch'], { name: 'x' }))).toMatchObject({
      status: 204,
    });
    entra.proxy.simulator.control.zero();
    const answer = await entra.proxy.patch(connection, asked(['Graph.Patch'], { configuration: {} }));
    await entra.expectRefused(answer, 403, 'property_forbidden');
  });

  test('of its own changes the configuration', async () => {
    const roles = ['Graph.Patch', 'Graph.Patch.Configuration'];
    const answer = await entra.proxy.patch(connection, asked(roles, { configuration: {} }));
    expect(answer).toMatchObject({ status: 204 });
  });
});

describe('a list of clients', () => {
  let listed: Entra;
  beforeAll(async () => {
    listed = await startEntra({ OPWATCH_AUTH_CLIENTS: `${client},x` });
  });
  afterAll(() => listed.stop());

  test.each<[string, Claims]>([
    ['azp', { azp: client }],
    ['appid', { azp: undefined, appid: client }],
  ])('lets in who is named by %s', async (_what, changes) => {
    expect(await listed.readAs(`Bearer ${listed.tokenOf(changes)}`)).toMatchObject({ status: 200 });
  });

  test.each<[string, Claims]>([
    ['another client', { azp: tenant }],
    ['no client', { azp: undefined }],
    ['a list of clients', { azp: [client] }],
  ])('refuses %s', async (_what, changes) => {
    listed.reset();
    await listed.expectRefused(await listed.readAs(`Bearer ${listed.tokenOf(changes)}`), 403, 'auth_client');
  });
});

test('tokens of the v1 form are accepted where their issuer is configured', async () => {
  const iss = `https://sts.windows.net/${tenant}/`;
  const other = await startEntra({ OPWATCH_AUTH_ISSUER: iss });
  try {
    const token = other.tokenOf({ iss, azp: undefined, appid: client });
    expect(await other.readAs(`Bearer ${token}`)).toMatchObject({ status: 200 });
    const usual = await other.readAs(`Bearer ${other.tokenWith()}`);
    expect(usual).toMatchObject({ status: 401, json: { code: 'auth_issuer' } });
  } finally {
    await other.stop();
  }
});

test('the audit of a change names the client and never the token', async () => {
  const headers = { authorization: `Bearer ${entra.tokenWith()}` };
  await entra.proxy.patch(connection, { headers, body: { name: 'x' } });
  expect(entra.proxy.lines.at(-1)).toContain(`"caller":"${client}"`);
  expect(entra.proxy.lines.join('\n')).not.toContain('eyJ');
});
