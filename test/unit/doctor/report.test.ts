// The doctor's command line and its report.
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { help, readOptions } from '../../../dev/doctor/options.ts';
import { exitCodeOf, makeReport } from '../../../dev/doctor/report.ts';
import { isColoured, reportText } from '../../../dev/doctor/report-text.ts';
import type { Finding } from '../../../dev/doctor/run.ts';
import { createScrub } from '../../../dev/doctor/secrets.ts';
import { UsageError } from '../../../dev/doctor/settings/source.ts';
import { fail, pass, skip, warn } from '../../../dev/doctor/verdict.ts';

const about = {
  opwatch: '0.1.0',
  checkedAt: '2026-11-22T06:00:00.000Z',
  durationMs: 12.4,
  settings: 'here',
  url: null,
};
const same = (text: string): string => text;

describe('options', () => {
  test('have defaults', () => {
    expect(readOptions([])).toEqual({
      settings: null,
      seesStarted: true,
      url: null,
      isOwnSignIn: false,
      kinds: [],
      output: 'text',
      isStrict: false,
      isHelp: false,
    });
  });

  test('are read', () => {
    const args =
      '--settings - --no-start --url https://app.example/api --sign-in --kinds onenoteOperation,commsOperation --output json --strict --help';
    expect(readOptions(args.split(' '))).toEqual({
      settings: '-',
      seesStarted: false,
      url: 'https://app.example',
      isOwnSignIn: true,
      kinds: ['commsOperation', 'onenoteOperation'],
      output: 'json',
      isStrict: true,
      isHelp: true,
    });
  });

  test.each([
    ['--frobnicate'],
    ['here'],
    ['--settings'],
    ['--output=xml'],
    ['--kinds=calls'],
    ['--url=http://app.example'],
    ['--url=https://user@app.example'],
    ['--url=https://app.example/api/operations'],
    ['--url=https://app.example?code=x'],
    ['--url=app.example'],
  ])('%s is refused', (arg) => {
    expect(() => readOptions([arg])).toThrow(UsageError);
  });

  test.each([['http://127.0.0.1:7071'], ['http://localhost:7071/'], ['https://app.example']])(
    '--url %s is taken',
    (url) => {
      expect(readOptions(['--url', url]).url).toBe(new URL(url).origin);
    },
  );

  test('stand all in the help', () => {
    for (const name of ['settings', 'no-start', 'url', 'sign-in', 'kinds', 'output', 'strict', 'help'])
      expect(help).toContain(`\n  --${name} `);
  });
});

const good: Finding = { id: 'storage.table', ...pass('opwatch') };
const odd: Finding = { id: 'storage.poison', ...warn({ detail: 'About 2 messages.', fix: 'Empty it.' }) };
const bad: Finding = { id: 'graph.root', ...fail({ detail: 'Nobody there.', fix: 'Start it.' }) };
const idle: Finding = { id: 'storage.shards', ...skip('Not yet.') };

describe('the report', () => {
  test.each([
    ['all passed', [good, idle], 'pass', 0, 0],
    ['something is warned of', [good, odd], 'warn', 0, 3],
    ['something failed', [good, bad], 'fail', 1, 1],
    ['something failed and something is warned of', [odd, bad], 'fail', 1, 1],
    ['nothing was looked at', [idle], 'pass', 0, 0],
  ] as const)('where %s ends with its code', (_case, findings, status, code, strict) => {
    const report = makeReport(findings, about, same);
    expect(report.status).toBe(status);
    expect([exitCodeOf(report, false), exitCodeOf(report, true)]).toEqual([code, strict]);
  });

  test('is a document of a stable form', () => {
    expect(makeReport([good, bad, idle], { ...about, url: 'https://app.example' }, same)).toEqual({
      format: 1,
      opwatch: '0.1.0',
      checkedAt: '2026-11-22T06:00:00.000Z',
      durationMs: 12,
      settings: 'here',
      url: 'https://app.example',
      status: 'fail',
      counts: { pass: 1, warn: 0, fail: 1, skipped: 1 },
      checks: [
        {
          id: 'storage.table',
          group: 'Storage',
          title: 'reading the table',
          status: 'pass',
          subject: null,
          detail: 'opwatch',
          fix: null,
        },
        {
          id: 'graph.root',
          group: 'Graph',
          title: 'address of Graph',
          status: 'fail',
          subject: null,
          detail: 'Nobody there.',
          fix: 'Start it.',
        },
        {
          id: 'storage.shards',
          group: 'Storage',
          title: 'number of shards',
          status: 'skipped',
          subject: null,
          detail: 'Not yet.',
          fix: null,
        },
      ],
    });
  });

  const plain = { isColoured: false, width: null };
  test('is a list for a person: groups, one line a finding, what to do below it', () => {
    const clock: Finding = { id: 'storage.clock', ...skip('Not yet.') };
    expect(reportText(makeReport([good, odd, idle, clock, bad], about, same), plain).split('\n')).toEqual([
      'Opwatch 0.1.0',
      'settings: here',
      'app:      not given',
      '',
      'Storage',
      '  pass     reading the table: opwatch',
      '  warn     About 2 messages.  [storage.poison]',
      '           → Empty it.',
      '  skipped  number of shards, difference of clocks: Not yet.',
      '',
      'Graph',
      '  fail     Nobody there.  [graph.root]',
      '           → Start it.',
      '',
      '1 pass, 1 warn, 1 fail, 2 skipped',
      '',
    ]);
  });

  test('fits the terminal', () => {
    const long = 'word '.repeat(40).trim();
    const text = reportText(
      makeReport([{ id: 'graph.root', ...fail({ detail: long, fix: long }) }], about, same),
      { ...plain, width: 80 },
    );
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(text.match(/word/g)).toHaveLength(80);
  });

  test('has colours where they are wanted, and the same words without them', () => {
    const report = makeReport([good, odd, bad, idle], about, same);
    const coloured = reportText(report, { ...plain, isColoured: true });
    expect(coloured).toContain('\u001B[31mfail');
    expect(coloured).toContain('\u001B[33mwarn');
    expect(stripVTControlCharacters(coloured)).toBe(reportText(report, plain));
    expect(reportText(report, plain)).not.toContain('\u001B');
  });

  test.each([
    [true, {}, true],
    [true, { NO_COLOR: '' }, true],
    [true, { NO_COLOR: '1' }, false],
    [false, {}, false],
    [undefined, { FORCE_COLOR: '1' }, false],
  ] as const)('on a terminal: %s, with %j, colours: %s', (isTTY, env, expected) => {
    expect(isColoured(isTTY === undefined ? {} : { isTTY }, env)).toBe(expected);
  });
});

describe('secrets', () => {
  const env = {
    AzureWebJobsStorage:
      'DefaultEndpointsProtocol=https;AccountName=opwatchtest;AccountKey=canary+storage/key==;EndpointSuffix=core.windows.net',
    OPWATCH_STORAGE: 'BlobEndpoint=https://x.example;SharedAccessSignature=sv=2024&sig=canary%2Bsignature',
    AZURE_CLIENT_SECRET: 'canary-client-secret',
    OPWATCH_STATIC_TOKEN: 'canary-static-token',
    APPLICATIONINSIGHTS_CONNECTION_STRING:
      'InstrumentationKey=canary-key-0000;IngestionEndpoint=https://in.example',
    OPWATCH_NOTIFICATIONS_CLIENT_STATE: 'short',
    OPWATCH_TABLE: 'opwatchtest',
  };
  test.each([
    ['canary+storage/key=='],
    ['canary%2Bsignature'],
    ['canary-client-secret'],
    ['canary-static-token'],
    ['canary-key-0000'],
    [env.AzureWebJobsStorage],
    ['eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJ4In0.c2lnbmF0dXJl'],
  ])('%s is taken out of a text', (secret) => {
    expect(createScrub(env)(`It said ${secret} and more.`)).toBe('It said [secret] and more.');
  });

  test.each([
    ['The table opwatchtest at https://x.example is short of rows.'],
    ['https://in.example and core.windows.net'],
    ['See token.issued, callers.keys and AzureWebJobsStorage__clientId.'],
    ['Set OPWATCH_QUEUE_ENCODING=base64 (az storage message clear --auth-mode login).'],
  ])('%s stays as it is', (text) => {
    expect(createScrub(env)(text)).toBe(text);
  });
});
