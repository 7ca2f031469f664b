// The HTTP side over real sockets: routing, bodies, keys and limits, with the real host's traps.
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import { type HostProcess, startHostProcess } from './harness.ts';

let host: HostProcess;
beforeAll(async () => {
  host = await startHostProcess({});
});

const echo = (url: string, body: string | ReadableStream, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers, duplex: 'half' });

const chunked = (...texts: readonly string[]) =>
  ReadableStream.from(texts.map((text) => new TextEncoder().encode(text)));

describe('with streaming', () => {
  test('keeps chunked bodies, repeated query keys, cookies and settings from the file', async () => {
    const response = await echo(`${host.url}/api/echo/a%2Fb?q=1&q=2`, chunked('ab', 'cd'));
    expect(await response.json()).toEqual({
      url: `${host.url}/api/echo/a%2Fb?q=1&q=2`,
      body: 'abcd',
      q: ['1', '2'],
      params: { id: 'a%2Fb' },
      setting: 'file',
    });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('x-ms-invocation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('awaits appStart hooks, and lets others replace the handler and refuse its result', async () => {
    const host = await startHostProcess({ env: { FIXTURE: 'http,hooks' } });
    const replaced = await fetch(`${host.url}/api/items/5`);
    const refused = await fetch(`${host.url}/api/items/list`);
    expect([await replaced.json(), refused.status]).toEqual([{ replaced: true }, 500]);
    expect(host.lines.map(({ message }) => message)).toContain('app started');
  });

  test('routes by literal, constraint and rest, and says 404 for all else', async () => {
    const get = async (path: string, method = 'GET') => {
      const response = await fetch(`${host.url}${path}`, { method });
      const text = await response.text();
      return response.status === 200 ? (JSON.parse(text) as unknown) : [response.status, text];
    };
    expect(await get('/API/Items/LIST')).toEqual({ literal: true });
    expect(await get('/api/items/12/')).toEqual({ numbered: { number: '12' } });
    expect(await get('/api/items/abc')).toEqual({ named: { name: 'abc' } });
    expect(await get('/api/items/abc/x%20y/z')).toEqual({ named: { name: 'abc', rest: 'x y/z' } });
    expect(await get('/api/items/abc/%2e%2e/list')).toEqual({ literal: true });
    expect(await get('/api/items/12/more')).toEqual([404, '']);
    expect(await get('/api/items/list', 'DELETE')).toEqual([404, '']);
    expect(await get('/api/items/list', 'HEAD')).toEqual([404, '']);
    expect(await get('/items/list')).toEqual([404, '']);
  });

  test('answers 500 without details when a handler throws or answers nothing', async () => {
    const answers = await Promise.all(['fails', 'silent'].map((name) => fetch(`${host.url}/api/${name}`)));
    expect(await Promise.all(answers.map(async (one) => [one.status, await one.text()]))).toEqual([
      [500, ''],
      [500, ''],
    ]);
    expect(host.lines.find(({ level }) => level === 'error')).toMatchObject({ error: 'a secret detail' });
  });

  test('waits for an answer that was given, though a busy process sees it late', async () => {
    const answer = await fetch(`${host.url}/api/busy`);
    expect([answer.status, await answer.text()]).toEqual([200, 'late']);
    expect((await fetch(`${host.url}/api/items/list`)).status).toBe(200);
  });

  test('passes on an answer chunk by chunk', async () => {
    const response = await fetch(`${host.url}/api/ticks`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe('data: 1\n\n');
    await reader?.cancel();
  });

  test('refuses bodies, queries and URLs over their limits', async () => {
    const host = await startHostProcess({ env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '10' } });
    const url = `${host.url}/api/echo`;
    expect((await echo(url, '0123456789')).status).toBe(200);
    expect((await echo(url, '0123456789a')).status).toBe(413);
    expect((await echo(url, chunked('012345', '6789a'))).status).toBe(413);
    expect((await fetch(`${url}?q=${'a'.repeat(4094)}`)).status).toBe(200);
    expect((await fetch(`${url}?q=${'a'.repeat(4095)}`)).status).toBe(414);
    expect((await fetch(`${url}/${'a'.repeat(8192)}`)).status).toBe(414);
  });

  test('ends the invocation of a caller that breaks off its body', async () => {
    const request = httpRequest(`${host.url}/api/echo/broken`, {
      method: 'POST',
      headers: { 'content-length': '10' },
    });
    request.once('error', () => undefined);
    request.write('half', () => request.destroy());
    await host.until((lines) => lines.find(({ message }) => message === 'echo failed'));
  });

  test('gives up a handler that runs longer than functionTimeout', async () => {
    const hasty = await startHostProcess({ env: { AzureFunctionsJobHost__functionTimeout: '00:00:01' } });
    expect((await fetch(`${hasty.url}/api/hangs`)).status).toBe(500);
    expect(hasty.lines.find(({ message }) => message === 'hangs failed')).toMatchObject({
      error: expect.stringContaining('functionTimeout'),
    });
  });

  test('joins repeated headers with commas and passes no forged invocation id', async () => {
    const request = httpRequest(`${host.url}/api/echo`, {
      headers: { 'x-ms-invocation-id': 'forged', 'x-forwarded-host': 'elsewhere' },
    });
    const [response] = await once(request.end(), 'response');
    response.setEncoding('utf8');
    const [text] = await once(response, 'data');
    expect(JSON.parse(text).url).toBe(`${host.url}/api/echo`);
    expect(response.headers['x-ms-invocation-id']).not.toBe('forged');
  });
});

describe('without streaming', () => {
  test('loses chunked bodies and joins query keys, as the real host does', async () => {
    const host = await startHostProcess({ env: { FIXTURE_STREAM: 'off' } });
    const lost = await echo(`${host.url}/api/echo/7?q=1&q=2`, chunked('abcd'));
    expect(await lost.json()).toMatchObject({ body: '', q: ['1,2'], params: { id: '7' } });
    const kept = await echo(`${host.url}/api/echo`, 'abcd');
    expect(await kept.json()).toMatchObject({ body: 'abcd', params: {} });
    expect(kept.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect((await fetch(`${host.url}/api/fails`)).status).toBe(500);
  });
});

describe('keys', () => {
  test('are checked on demand, the header before the query, with an empty 401', async () => {
    const env = { LOCAL_HOST_KEY: 'right' };
    const host = await startHostProcess({ env, args: ['--auth'] });
    const get = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(`${host.url}${path}`, { headers });
      return [response.status, response.status === 401 ? await response.text() : ''];
    };
    const [right, wrong] = [{ 'x-functions-key': 'right' }, { 'x-functions-key': 'wrong' }];
    expect(await get('/api/echo')).toEqual([401, '']);
    expect(await get('/api/echo', wrong)).toEqual([401, '']);
    expect(await get('/api/echo', right)).toEqual([200, '']);
    expect(await get('/api/echo?code=right')).toEqual([200, '']);
    expect(await get('/api/echo?code=right', wrong)).toEqual([401, '']);
    expect(await get('/api/echo?code=wrong&code=right')).toEqual([401, '']);
    expect(await get('/api/items/list')).toEqual([200, '']);
    expect(await get('/admin/host/status')).toEqual([401, '']);
    expect(await get('/admin/host/status', right)).toEqual([200, '']);
  });
});

describe('admin routes', () => {
  test('tell the state and the functions, and refuse to run what is no function to run', async () => {
    const status = await fetch(`${host.url}/admin/host/status`);
    expect(await status.json()).toMatchObject({
      state: 'Running',
      version: expect.any(String),
      id: expect.any(String),
    });
    const functions = (await (await fetch(`${host.url}/admin/functions`)).json()) as { name: string }[];
    expect(functions.map(({ name }) => name)).toContain('numbered');
    const run = async (name: string, body: string) =>
      (await fetch(`${host.url}/admin/functions/${name}`, { method: 'POST', body })).status;
    expect(await run('absent', '{}')).toBe(404);
    expect(await run('echo', '{"input":""}')).toBe(400);
  });
});
