// The only guard of the token: where it may go. Rows of the fault matrix and findings: H1, H2.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOwnAddress, pathOf } from '../../../src/graph/address.ts';

const root = 'https://graph.microsoft.com';

describe('an address of ours', () => {
  test.each([
    '/v1.0/$batch',
    '/beta/$batch',
    '/v1.0/external/connections/contosohr/operations/1.neu.0f3c',
    '/v1.0/external/connections/contosohr/operations/a..b',
    '/v1.0/external/connections/contosohr/operations/...',
    "/v1.0/users/o'neill%231%40contoso.com/onenote/operations/1-a",
    '/v1.0/sites/contoso.com%2Cda60e844%2C712a596e/onenote/operations/1-a',
    '/v1.0/users/%24x/onenote/operations/1-a',
  ])('is sent: %s', (path) => {
    expect(isOwnAddress(`${root}${path}`, root)).toBe(true);
  });

  test('may have a port and plain http, as a Graph on loopback has', () => {
    const loopback = 'http://127.0.0.1:7080';
    expect(isOwnAddress(`${loopback}/v1.0/$batch`, loopback)).toBe(true);
    expect(isOwnAddress('http://127.0.0.1:7081/v1.0/$batch', loopback)).toBe(false);
    expect(isOwnAddress('https://127.0.0.1:7080/v1.0/$batch', loopback)).toBe(false);
    expect(isOwnAddress('http://localhost:7080/v1.0/$batch', loopback)).toBe(false);
  });
});

describe('an address that leads elsewhere', () => {
  test.each([
    ['another host', 'https://evil.example/v1.0/$batch'],
    ['userinfo with our host', 'https://graph.microsoft.com@evil.example/v1.0/x'],
    ['userinfo with our host and port', 'https://graph.microsoft.com:443@evil.example/v1.0/x'],
    ['userinfo with our host and a word', 'https://graph.microsoft.com:x@evil.example/v1.0/x'],
    ['userinfo before our host', 'https://a:b@graph.microsoft.com/v1.0/x'],
    ['an empty userinfo', 'https://@graph.microsoft.com/v1.0/x'],
    ['our host as a label', 'https://graph.microsoft.com.evil.example/v1.0/x'],
    ['our host with a hyphen', 'https://graph.microsoft.com-evil.example/v1.0/x'],
    ['a host below ours', 'https://x.graph.microsoft.com/v1.0/x'],
    ['a trailing dot', 'https://graph.microsoft.com./v1.0/x'],
    ['another port', 'https://graph.microsoft.com:8443/v1.0/x'],
    ['the default port, which a parser takes away', 'https://graph.microsoft.com:443/v1.0/x'],
    ['another protocol', 'http://graph.microsoft.com/v1.0/x'],
    ['a protocol without host', 'file:///v1.0/x'],
    ['no protocol', '//graph.microsoft.com/v1.0/x'],
    ['a path only', '/v1.0/x'],
    ['nothing', ''],
    ['upper case, which a parser lowers', 'https://Graph.Microsoft.com/v1.0/x'],
    ['fullwidth letters, which a parser narrows', 'https://ｇraph.microsoft.com/v1.0/x'],
    ['a soft hyphen, which a parser drops', 'https://gra\u00adph.microsoft.com/v1.0/x'],
    ['no path', 'https://graph.microsoft.com'],
    ['a query in place of a path', 'https://graph.microsoft.com?/v1.0/x'],
    ['a dot segment', `${root}/v1.0/communications/calls/../../users/x`],
    ['a dot segment at the end', `${root}/v1.0/external/..`],
    ['a single dot', `${root}/v1.0/./users`],
    ['an encoded dot segment', `${root}/v1.0/external/%2e%2e/users`],
    ['an encoded dot segment in upper case', `${root}/v1.0/external/%2E%2E/users`],
    ['half an encoded dot segment', `${root}/v1.0/external/.%2e/users`],
    ['the other half', `${root}/v1.0/external/%2e./users`],
    ['an encoded single dot', `${root}/v1.0/%2e/users`],
    ['backslashes', `${root}/v1.0/external/..\\..\\users`],
    ['a backslash before the host', 'https:\\\\graph.microsoft.com\\v1.0'],
    ['a tab', `${root}/v1.0/external/.\t./users`],
    ['a line feed', `${root}/v1.0/us\ners`],
    ['a carriage return and a header', `${root}/v1.0/x\r\nHost: evil.example`],
    ['a space', `${root}/v1.0/external/a b`],
    ['leading white space', ` ${root}/v1.0/x`],
    ['a fragment', `${root}/v1.0/x#/users`],
    ['an empty fragment', `${root}/v1.0/x#`],
    ['text that has to be encoded', `${root}/v1.0/external/ü`],
  ])('is not sent: %s', (_what, url) => {
    expect(isOwnAddress(url, root)).toBe(false);
  });
});

describe('a path of segments', () => {
  test('is an address of ours, and gives the segments back, unless one is empty or only dots', () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => !/^\.{1,2}$/.test(one));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1 }), (segments) => {
        const url = `${root}${pathOf(segments)}`;
        expect(isOwnAddress(url, root)).toBe(true);
        expect(new URL(url).pathname.slice(1).split('/').map(decodeURIComponent)).toEqual(segments);
      }),
    );
  });

  test('with dots in place of a segment is no address of ours', () => {
    const dots = fc.constantFrom('.', '..');
    fc.assert(
      fc.property(fc.array(fc.string()), dots, fc.array(fc.string()), (before, dot, after) => {
        const path = pathOf([...before, dot, ...after].map((one) => one.toWellFormed()));
        expect(isOwnAddress(`${root}${path}`, root)).toBe(false);
      }),
    );
  });
});
