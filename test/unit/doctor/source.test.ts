// Where the doctor finds settings.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSource, type SourceOptions, UsageError } from '../../../dev/doctor/settings/source.ts';
import { readRecord, removeRecord, writeRecord } from '../../../dev/start/record.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'opwatch-source-'));
});
afterEach(() => rm(root, { recursive: true }));

const source = (options: Partial<SourceOptions>) =>
  readSource({ settings: null, seesStarted: true, root, env: {}, stdin: Readable.from([]), ...options });
const started = {
  pid: process.pid,
  url: 'http://127.0.0.1:7071',
  startedAtMs: 1,
  settings: { OPWATCH_SHARDS: '3' },
};

describe('a list of settings', () => {
  test.each([
    [
      'of az functionapp config appsettings list',
      [
        { name: 'OPWATCH_SHARDS', slotSetting: false, value: '2' },
        { name: 'EMPTY', value: null },
      ],
      'elsewhere',
      { OPWATCH_SHARDS: '2', EMPTY: '' },
    ],
    ['of az rest', { id: 'x', properties: { OPWATCH_SHARDS: '2' } }, 'elsewhere', { OPWATCH_SHARDS: '2' }],
    ['of names and values', { OPWATCH_SHARDS: '2' }, 'elsewhere', { OPWATCH_SHARDS: '2' }],
    [
      'of the local host',
      { IsEncrypted: false, Values: { OPWATCH_SHARDS: '2' } },
      'here',
      { OPWATCH_SHARDS: '2' },
    ],
  ])('%s is read, and nothing beside it counts', async (_case, list, place, env) => {
    const text = JSON.stringify(list);
    await writeRecord(root, started);
    const found = { place, env, url: null, problem: null };
    const here = { OPWATCH_TABLE: 'other' };
    expect(
      await source({ settings: '-', stdin: Readable.from([text.slice(0, 9), text.slice(9)]), env: here }),
    ).toEqual({ ...found, label: 'standard input' });
    const path = join(root, 'list.json');
    await writeFile(path, `\uFEFF${text}`);
    expect(await source({ settings: path, env: here })).toEqual({ ...found, label: path });
  });

  test.each([
    ['no JSON', 'OPWATCH_STATIC_TOKEN=canary'],
    ['a number', '7'],
    ['a list of something else', '[{"canary":1}]'],
    ['values that are no texts', '{"OPWATCH_SHARDS":2}'],
    ['encrypted', '{"IsEncrypted":true,"Values":{"x":"canary"}}'],
  ])('that is %s is refused without being quoted', async (_case, text) => {
    const refused = source({ settings: '-', stdin: Readable.from([text]) });
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.not.toThrow('canary');
  });

  test('that is not there is refused by its name', async () => {
    await expect(source({ settings: join(root, 'none.json') })).rejects.toThrow('none.json can not be read');
  });
});

describe('settings of this machine', () => {
  test('are the environment over local.settings.json', async () => {
    await writeFile(
      join(root, 'local.settings.json'),
      '{"Values":{"OPWATCH_SHARDS":"2","OPWATCH_TABLE":"t1234"}}',
    );
    const env = { OPWATCH_SHARDS: '3' };
    expect(await source({ env })).toMatchObject({
      place: 'here',
      label: 'this environment, over local.settings.json',
      url: null,
      problem: null,
      env: { OPWATCH_SHARDS: '3', OPWATCH_TABLE: 't1234' },
    });
    expect(env).toEqual({ OPWATCH_SHARDS: '3' });
  });

  test('are told to be unreadable where local.settings.json is', async () => {
    await writeFile(join(root, 'local.settings.json'), '{"Values":{"OPWATCH_STATIC_TOKEN":7,');
    expect((await source({})).problem).toMatch(/local\.settings\.json is no valid JSON\.$/);
  });

  test('are those of a running npm start over all others, with its address', async () => {
    await writeRecord(root, started);
    expect(await source({ env: { OPWATCH_SHARDS: '2', OPWATCH_TABLE: 't1234' } })).toMatchObject({
      label: `npm start (process ${process.pid}), over this environment, over local.settings.json`,
      url: 'http://127.0.0.1:7071',
      env: { OPWATCH_SHARDS: '3', OPWATCH_TABLE: 't1234' },
    });
    expect((await source({ seesStarted: false, env: { OPWATCH_SHARDS: '2' } })).env['OPWATCH_SHARDS']).toBe(
      '2',
    );
  });
});

describe('the record of npm start', () => {
  /** No process has so high a number. */
  const ended = 2_147_483_646;
  const folder = '.opwatch/started';

  test('is found while its process runs, the newest first', async () => {
    expect(await readRecord(root)).toBe(null);
    await writeRecord(root, started);
    await writeRecord(root, { ...started, pid: process.ppid, startedAtMs: 2 });
    expect((await readRecord(root))?.pid).toBe(process.ppid);
    await removeRecord(root, process.ppid);
    expect(await readRecord(root)).toEqual(started);
    await removeRecord(root, process.pid);
    await removeRecord(root, process.pid);
    expect(await readRecord(root)).toBe(null);
  });

  test('of a process that was killed counts for nothing', async () => {
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, `${ended}.json`), JSON.stringify({ ...started, pid: ended }));
    expect(await readRecord(root)).toBe(null);
    await writeRecord(root, started);
    expect(await readRecord(root)).toEqual(started);
  });

  test('that is half written counts for nothing', async () => {
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, `${process.pid}.json`), '{"pid":');
    expect(await readRecord(root)).toBe(null);
  });
});
