// Addresses that name nothing. Each would, if some parser on the way tidied it up, lead the app's token elsewhere.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kindRows } from '../../../src/domain/kinds.ts';
import { parseResource } from '../../../src/domain/resources.ts';
import { home } from '../../fixtures/builders.ts';

const { root } = home;
const call = '9b2d1c3e-0000-4000-8000-00000000abcd';
const rest = '/external/connections/hr1/operations/op';

test('the address that all others here differ from names an operation', () => {
  for (const address of [rest, root + rest, `${root}/v1.0${rest}`]) {
    expect(parseResource(address, home)?.resource.path).toBe(rest);
  }
});

describe('an origin', () => {
  test.each([
    'http://graph.microsoft.com',
    'ftp://graph.microsoft.com',
    'https://graph.microsoft.com:443',
    'https://graph.microsoft.com:8443',
    'https://graph.microsoft.com:',
    'https://graph.microsoft.com.',
    'https://graph.microsoft.com.evil.example',
    'https://evil.example',
    'https://evilgraph.microsoft.com',
    'https://graph.microsoft.co',
    'https://graph.microsoft.us',
    'https://user@graph.microsoft.com',
    'https://user:x@graph.microsoft.com',
    'https://:@graph.microsoft.com',
    'https://graph.microsoft.com@evil.example',
    'https://graph.microsoft.com:x@evil.example',
    'https://graph.microsoft.com%40evil.example',
    'https://graph.microsoft.com%2fevil.example',
    'https://graph.microsoft.com\\@evil.example',
    'https:\\\\graph.microsoft.com',
    'https:/graph.microsoft.com',
    'https:graph.microsoft.com',
    'https:///graph.microsoft.com',
    'https://graph%2emicrosoft%2ecom',
    'https://graph。microsoft。com',
    'https://ɡraph.microsoft.com',
    ' https://graph.microsoft.com',
    '//graph.microsoft.com',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'javascript:',
    'file://',
    'data:text/plain,',
    `${root}/https://evil.example`,
    `${root}//evil.example`,
    `${root}/`,
  ])('of %s is not this Graph', (origin) => {
    expect(parseResource(origin + rest, home)).toBeNull();
    expect(parseResource(`${origin}/v1.0${rest}`, home)).toBeNull();
  });

  test('must end where the path begins', () => {
    expect(parseResource(root + rest.slice(1), home)).toBeNull();
    expect(parseResource(`${root}v1.0${rest}`, home)).toBeNull();
  });
});

/** Everything that an id or a segment may be on its way to somewhere else; those without white space in lines. */
const evilSegments = [
  '.. . ... %2e%2e %2E%2e .%2e %2e. %2e ..%2f..%2fusers ..%5c.. ..\\.. %252e%252e %25252e ..; ..;/ .;x=1',
  '%c0%ae%c0%ae %c0%2e %e0%80%ae %f0%80%80%ae %ef%bc%8e%ef%bc%8e ．． ‥ %e2%80%a5 %u002e%u002e',
  'hr1;x=1 %3b a/b a%2fb a%2Fb a\\b a%5cb %5c ? hr1?x=1 hr1%3f # hr1#x hr1%23 hr1%23x hr1&x hr1%26x',
  'hr1%09 hr1%0d%0a hr1%0a hr1\0 hr1%00 %00 hr1%20 hr1+ hr1%a0 hr1%c2%a0 hr1%e2%80%ae hr1\u202e hr1%ef%bb%bf',
  'ｈｒ１ %ef%bd%88r1 hr1%e2%84%aa hr\u212a hrſ %c5%bfhr h% h%2 h%zz % %ff %ed%a0%80 %e2%84%aa@contoso.com',
  "('hr1') 'hr1' hr1() hr1('') ('a')/('b') $batch $ref %24batch $ * -hr1 .hr1 <script> {id} h\"r h`r h|r h,r h:r",
  'https://evil.example //evil.example https:%2f%2fevil.example graph.microsoft.com:x@evil.example __proto__ ada#EXT#@contoso.com',
]
  .flatMap((line) => line.split(' '))
  .concat('', ' hr1', 'hr1 ', 'hr1\t', '\thr1', 'hr1\r\n', 'hr1\n', 'h\tr1');

describe('a segment', () => {
  test.each(evilSegments)('%j is no id, no literal and no version', (evil) => {
    const paths = [
      `/external/connections/${evil}/operations/op`,
      `/external/connections/hr1/operations/${evil}`,
      `/external/connections('${evil}')/operations('op')`,
      `/external/connections('hr1')/operations('${evil}')`,
      `/communications/calls/${evil}/operations/op`,
      `/communications/calls/${call}/operations/${evil}`,
      `/users/${evil}/onenote/operations/op`,
      `/users('${evil}')/onenote/operations/op`,
      `/users/${call}/onenote/operations/${evil}`,
      `/groups/${evil}/onenote/operations/op`,
      `/sites/${evil}/onenote/operations/op`,
      `/groups/${call}/sites/${evil}/onenote/operations/op`,
      `/external/${evil}/hr1/operations/op`,
      `/${evil}/connections/hr1/operations/op`,
      `/external/connections/hr1/${evil}/op`,
      `/${evil}${rest}`,
      `${rest}/${evil}/`,
      `/external/connections/hr1/${evil}/operations/op`,
    ];
    for (const path of paths) {
      expect([path, parseResource(path, home)]).toEqual([path, null]);
      expect(parseResource(`${root}/v1.0${path}`, home)).toBeNull();
    }
  });
});

describe('a path', () => {
  test.each([
    '',
    '/',
    '/v1.0',
    '/v1.0/',
    '/external/connections',
    '/external/connections/hr1',
    '/external/connections/hr1/schema',
    '/external/connections/hr1/operations',
    '/external/connections/hr1/operations/$count',
    '/external/connections/hr1/items/op',
    '/external/hr1/operations/op',
    '/connection/hr1/operations/op',
    '/communications/calls/operations/op',
    `/communications/calls/${call}/operations`,
    `/communications/calls/${call}`,
    `/app/calls/${call}/participants/op`,
    '/me/onenote/operations/op',
    `/users/${call}/onenote/pages/op`,
    `/users/${call}/onenote/operations`,
    `/users/${call}`,
    `/groups/${call}/sites/onenote/operations/op`,
    `/sites/${call}/groups/${call}/onenote/operations/op`,
    `/teams('${call}')/operations('op')`,
    '/$batch',
    "/external('connections')/hr1/operations/op",
    "/external/connections/hr('operations')/op",
    "/external/connections('hr1')('hr1')/operations/op",
    "/external/connections('hr1')x/operations/op",
    '/external/connections(hr1)/operations/op',
    '/external/connections("hr1")/operations/op',
    "/external/connections('hr1'/operations/op",
    "/external/connections(id='hr1')/operations/op",
    "/external/connections('hr''1')/operations/op",
    "/external/connections('hr'1')/operations/op",
    "/users('o'brien@contoso.com')/onenote/operations/op",
    '/users/ada_contoso.com#EXT#@fabrikam.com/onenote/operations/op',
    `${rest}//`,
    `/${rest}`,
    `${rest}?`,
    `${rest}?$select=id`,
    `${rest}#`,
    `${rest}%3f`,
    `${rest}/$value`,
    `v1.0/${rest}`,
  ])('of "%s" names no operation', (path) => {
    expect(parseResource(path, home)).toBeNull();
    expect(parseResource(root + path, home)).toBeNull();
  });

  test.each([
    ['a connection of two characters', '/external/connections/ab/operations/op'],
    ['a connection of 33 characters', `/external/connections/${'c'.repeat(33)}/operations/op`],
    ['a connection with a dash', '/external/connections/contoso-hr/operations/op'],
    ['an operation of 257 characters', `/external/connections/hr1/operations/${'o'.repeat(257)}`],
    ['a call of 31 hexadecimal digits', `/app/calls/${'a'.repeat(31)}/operations/op`],
    ['a call with a letter beyond f', `/app/calls/${'g'.repeat(32)}/operations/op`],
    ['a call with dashes in other places', '/app/calls/9b2d1c3e00-00-4000-8000-00000000abcd/operations/op'],
    ['a call in braces', `/app/calls/{${call}}/operations/op`],
    ['a user who is neither GUID nor principal name', '/users/adele/onenote/operations/op'],
    ['a user that begins with a dollar', '/users/$adele@contoso.com/onenote/operations/op'],
    ['a principal name of two hosts', '/users/adele@contoso.com@evil.example/onenote/operations/op'],
    ['a site of a host alone', '/sites/contoso.sharepoint.com/onenote/operations/op'],
    ['a site by path', '/sites/contoso.sharepoint.com:/sites/hr:/onenote/operations/op'],
    ['a site of two parts', `/sites/contoso.sharepoint.com,${call}/onenote/operations/op`],
    ['a site of four parts', `/sites/contoso.sharepoint.com,${call},${call},${call}/onenote/operations/op`],
  ])('with %s is outside its grammar', (_what, path) => {
    expect(parseResource(path, home)).toBeNull();
  });

  test('of more than 2048 characters is not even looked at', () => {
    const encoded = rest
      .split('')
      .map((character) => `%${character.charCodeAt(0).toString(16)}`)
      .join('');
    expect(parseResource(`/${encoded.replaceAll('%2f', '/').slice(1)}`, home)?.resource.path).toBe(rest);
    const long = '%6f'.repeat(700);
    expect(parseResource(`/external/connections/hr1/operations/${long}`, home)).toBeNull();
    expect(parseResource(`/external/connections/${'c'.repeat(10_240)}/operations/op`, home)).toBeNull();
    expect(parseResource(`${root}${rest}`.padEnd(10_240, '/'), home)).toBeNull();
  });
});

const hostile = fc.constantFrom(
  ...'\0\t\n\r \\?#;&%<>"`{}|^*:,@$+\u007f\u0085\u00a0\u202e\u212a\uff0e\ufeff\ud800'.split(''),
);

test('one hostile character anywhere in an address makes it name nothing', () => {
  const addresses = [rest, `/v1.0${rest}`, `${root}/beta${rest}`, `/app/calls('${call}')/operations('op')`];
  fc.assert(
    fc.property(fc.constantFrom(...addresses), fc.nat(), hostile, (address, place, character) => {
      const at = place % (address.length + 1);
      for (const written of [character, encodeURIComponent(character.toWellFormed())]) {
        expect(parseResource(address.slice(0, at) + written + address.slice(at), home)).toBeNull();
      }
    }),
    { numRuns: 2000 },
  );
});

test('no text of any characters names an operation by chance or breaks the parser', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 64 }), (text) => {
      expect(parseResource(text, home)).toBeNull();
      expect(parseResource(`${root}/${text}`, home)).toBeNull();
    }),
    { numRuns: 2000 },
  );
});

test('every kind is refused in a cloud that does not have it', () => {
  const examples = {
    connectionOperation: rest,
    commsOperation: `/app/calls/${call}/operations/op`,
    onenoteOperation: `/users/${call}/onenote/operations/op`,
  };
  for (const { kind, clouds } of kindRows) {
    const having = (['global', 'usgov', 'usgovdod', 'custom'] as const).filter(
      (cloud) => parseResource(examples[kind], { ...home, cloud }) !== null,
    );
    expect(having).toEqual(clouds);
  }
});
