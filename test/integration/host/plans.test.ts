// What the host makes of an app's bindings, routes, schedules and settings, without starting one.
import { describe, expect, test } from 'vitest';
import type { BindingInfo, FunctionMetadata } from '../../../dev/host/core-types.ts';
import { type PlannedFunction, planFunctions } from '../../../dev/host/function-plan.ts';
import { messageTexts } from '../../../dev/host/queue-output.ts';
import { createRouter } from '../../../dev/host/routes.ts';
import { parseSchedule } from '../../../dev/host/schedule.ts';
import { resolveSettings } from '../../../dev/host/settings.ts';
import { createConnections } from '../../../dev/host/storage-connection.ts';
import { parseTimeSpan } from '../../../dev/host/time-span.ts';

const httpTrigger: BindingInfo = { type: 'httpTrigger', direction: 'in' };
const timerTrigger: BindingInfo = { type: 'timerTrigger', direction: 'in', schedule: '0 * * * * *' };
const queueTrigger: BindingInfo = {
  type: 'queueTrigger',
  direction: 'in',
  queueName: 'work',
  connection: 'STORE',
};

type Given = Partial<FunctionMetadata> & { readonly settings?: Readonly<Record<string, string>> };

function plan({ bindings = {}, settings = {}, ...rest }: Given): readonly PlannedFunction[] {
  const metadata: FunctionMetadata = { name: 'culprit', bindings, ...rest };
  const functions = new Map([['culprit', { metadata, callback: () => undefined }]]);
  return planFunctions({ functions }, settings);
}

describe('bindings', () => {
  test.each([
    ['an input', { trigger: httpTrigger, in: { type: 'blob', direction: 'in' } }, /blob \(in\)/],
    [
      'an output of another service',
      { trigger: httpTrigger, out: { type: 'table', direction: 'out' } },
      /table/,
    ],
    ['an HTTP answer of a timer', { trigger: timerTrigger, out: { type: 'http', direction: 'out' } }, /http/],
    ['two triggers', { a: httpTrigger, b: timerTrigger }, /one trigger/],
    ['no trigger', {}, /one trigger/],
    ['a bad queue name', { trigger: { ...queueTrigger, queueName: 'Work' } }, /queueName/],
    ['a bad level', { trigger: { ...httpTrigger, authLevel: 'nobody' } }, /authLevel/],
    ['a bad weekday', { trigger: { ...timerTrigger, schedule: '0 0 0 * * 7' } }, /weekdays/],
    ['a missing setting', { trigger: { ...queueTrigger, queueName: '%QUEUE%' } }, /setting QUEUE/],
  ] as const)('%s refuse the function by name', (_what, bindings, message) => {
    const attempt = () => plan({ bindings });
    expect(attempt).toThrow(/culprit/);
    expect(attempt).toThrow(message);
  });

  test.each([
    [{ maxRetryCount: -2, retryStrategy: 'fixedDelay', delayInterval: { seconds: 1 } }, /maxRetryCount/],
    [{ maxRetryCount: 1, retryStrategy: 'fixedDelay' }, /delayInterval/],
    [
      {
        maxRetryCount: 1,
        retryStrategy: 'exponentialBackoff',
        minimumInterval: { seconds: 2 },
        maximumInterval: { seconds: 1 },
      },
      /minimumInterval/,
    ],
  ] as const)('a retry policy that contradicts itself is refused: %o', (retryOptions, message) => {
    expect(() => plan({ bindings: { timerTrigger }, retryOptions })).toThrow(message);
  });

  test('settings stand for queue names and connections', () => {
    const bindings = { queueTrigger: { ...queueTrigger, queueName: '%QUEUE%' } };
    const settings = {
      QUEUE: 'jobs',
      STORE: 'UseDevelopmentStorage=true',
      'AzureWebJobs.culprit.Disabled': '1',
    };
    const functions = plan({ bindings, settings });
    expect(functions[0]).toMatchObject({
      isDisabled: true,
      trigger: { queueName: 'jobs', connection: 'STORE' },
    });
    expect(createConnections(settings, functions).queues('STORE').url).toContain('127.0.0.1:10001');
  });

  test.each([
    ['absent', {}, /culprit.*STORE is not set/],
    ['of an identity', { STORE__accountName: 'x' }, /culprit.*identity-based/],
    ['no connection string', { STORE: 'secret' }, /culprit.*STORE is no storage connection string/],
  ] as const)('a connection that is %s is refused without its value', (_what, settings, message) => {
    const functions = plan({ bindings: { queueTrigger }, settings });
    const attempt = () => createConnections(settings, functions);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/secret/);
  });

  test('a text without settings stays as it is', () => {
    expect(resolveSettings('100 % of 5%', {}, 'culprit')).toBe('100 % of 5%');
  });
});

describe('schedules', () => {
  const at = (text: string) => Date.parse(`2026-11-22T${text}Z`); // a Sunday
  test.each([
    ['*/15 * * * * *', at('06:00:01'), '2026-11-22T06:00:15.000Z', true],
    ['0 * * * * *', at('06:00:00'), '2026-11-22T06:01:00.000Z', false],
    ['*/5 * * * *', at('06:01:00'), '2026-11-22T06:05:00.000Z', false],
    ['0 30 2 * * *', at('06:00:00'), '2026-11-23T02:30:00.000Z', false],
    ['0 0 9 * * MON-FRI', at('06:00:00'), '2026-11-23T09:00:00.000Z', false],
    ['0 0 0 13 * 5', at('06:00:00'), '2027-08-13T00:00:00.000Z', false],
    ['10,40 0 0 * * *', at('06:00:00'), '2026-11-23T00:00:10.000Z', true],
    ['00:00:30', at('06:00:00'), '2026-11-22T06:00:30.000Z', true],
    ['1.00:00:00', at('06:00:00'), '2026-11-23T06:00:00.000Z', false],
  ])('%s occurs next in UTC, day and weekday both', (text, afterMs, next, isFrequent) => {
    const schedule = parseSchedule(text);
    expect([new Date(schedule.next(afterMs)).toISOString(), schedule.isFrequent]).toEqual([next, isFrequent]);
  });

  test.each([
    '',
    '* * * *',
    '60 * * * * *',
    '* * * * * ?',
    '0 0 0 L * *',
    '@daily',
    '00:00:00',
    '0 0 0 31 2 *',
  ])('no schedule: %j', (text) => {
    expect(() => parseSchedule(text)).toThrow();
  });

  test.each([
    ['00:00:02', 2000],
    ['01:02:03.5', 3_723_500],
    ['1.00:00:00', 86_400_000],
    ['24:00:00', undefined],
    ['10', undefined],
  ])('the time span %s is %s ms', (text, ms) => {
    expect(parseTimeSpan(text)).toBe(ms);
  });
});

describe('routes', () => {
  const router = createRouter(
    [
      '{*all}',
      'a/{x}',
      'a/{x:int}',
      'a/b',
      'g/{id:guid}',
      'l/{word:length(2,3)}',
      'r/{word:regex(^x{{2}}$)}',
      'o/{x?}',
      'd/{x}/end',
    ].map((template) => ({ template, methods: ['GET'], target: template })),
  );
  test.each([
    ['/a/b', 'a/b', {}],
    ['/A/B/', 'a/b', {}],
    ['/a/12', 'a/{x:int}', { x: '12' }],
    ['/a/c', 'a/{x}', { x: 'c' }],
    ['/a/%41%2Fb', 'a/{x}', { x: 'A%2Fb' }],
    ['/a/%zz', 'a/{x}', { x: '%zz' }],
    ['/a/', '{*all}', { all: 'a/' }],
    ['/a/c/d', '{*all}', { all: 'a/c/d' }],
    ['/a//c', '{*all}', { all: 'a//c' }],
    ['/', '{*all}', {}],
    [
      '/g/0F0F0F0F-0000-1111-2222-333344445555',
      'g/{id:guid}',
      { id: '0F0F0F0F-0000-1111-2222-333344445555' },
    ],
    ['/g/1', '{*all}', { all: 'g/1' }],
    ['/l/abc', 'l/{word:length(2,3)}', { word: 'abc' }],
    ['/l/abcd', '{*all}', { all: 'l/abcd' }],
    ['/r/xx', 'r/{word:regex(^x{{2}}$)}', { word: 'xx' }],
    ['/o', 'o/{x?}', {}],
    ['/d/1/end', 'd/{x}/end', { x: '1' }],
    ['/d/1', '{*all}', { all: 'd/1' }],
  ])('%s is served by %s', (path, target, params) => {
    expect(router('GET', path)).toEqual({ target, params });
  });

  test('another method is served by nothing', () => {
    expect(router('PUT', '/a/b')).toBeUndefined();
  });

  test.each(['{a}-{b}', '{*all}/more', '{x:unknown}', '{x=1}'])('%s is refused', (template) => {
    expect(() => createRouter([{ template, methods: [], target: 0 }])).toThrow(template);
  });
});

describe('queue output', () => {
  test.each([
    ['an object', { json: '{"a":{"b":1}}' }, ['{\n  "a": {\n    "b": 1\n  }\n}']],
    ['an array', { json: '[{"a":1},"x",2]' }, ['{\n  "a": 1\n}', 'x', '2']],
    ['a text that looks like an array', { string: '["x","y"]' }, ['x', 'y']],
    ['a text of JSON', { string: '{"a":1}' }, ['{\n  "a": 1\n}']],
    ['an instant', { string: '{"t":"2026-11-22T06:00:00.000Z"}' }, ['{\n  "t": "2026-11-22T06:00:00Z"\n}']],
    [
      'a fraction',
      { string: '{"t":"2026-11-22T06:00:00.120Z"}' },
      ['{\n  "t": "2026-11-22T06:00:00.12Z"\n}'],
    ],
    ['plain text', { string: 'plain' }, ['plain']],
    ['bytes', { bytes: Buffer.from('[1]') }, ['[1]']],
    ['a number', { int: 7 }, ['7']],
    ['nothing', undefined, []],
  ])('%s becomes messages as in Azure', (_what, data, texts) => {
    expect(messageTexts(data)).toEqual(texts);
  });
});
