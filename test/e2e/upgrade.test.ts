// A release and the next one on one storage, as while a deployment goes on and when it is taken back: each reads what the
// other wrote. Row of the fault matrix: F-13.
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { expect, test } from 'vitest';
import { explain, judge } from '../checker/judge.ts';
import { azurite } from '../fixtures/azurite.ts';
import { buildApp } from './processes/built-app.ts';
import type { HostProcess } from './processes/host-process.ts';
import { openScene } from './processes/scene.ts';

/** Where the next release writes more than this one: a field of an operation and of a memory, a column of every row. */
const additions: readonly (readonly [file: string, from: string, to: string])[] = [
  ['bounded-operation.ts', 'JSON.stringify(operation)', 'JSON.stringify({ ...operation, later: { is: 1 } })'],
  ['rows.ts', 'JSON.stringify(value)', 'JSON.stringify({ ...value, later: { is: 1 } })'],
  ['rows.ts', 'v: rowVersion,', "later: 'x', v: rowVersion,"],
];

const writesMore: Plugin = {
  name: 'writes-more',
  setup({ onLoad }) {
    onLoad({ filter: /storage\/(bounded-operation|rows)\.ts$/ }, async ({ path }) => {
      let contents = await readFile(path, 'utf8');
      for (const [file, from, to] of additions) {
        if (!path.endsWith(`/${file}`)) continue;
        if (!contents.includes(from)) throw new Error(`${file} has no ${from}`);
        contents = contents.replaceAll(from, to);
      }
      return { contents, loader: 'ts' };
    });
  },
};

const operations = 8;
const kind = 'connectionOperation';
const poll = 'pollConnectionOperations';

test('a release and the next one side by side lose nothing, and both tell the same', async () => {
  const release = await buildApp();
  const next = await buildApp({ plugins: [writesMore] });
  const scene = await openScene({ azurite: azurite(), folder: release.folder });
  try {
    await scene.start();
    const hosts = [scene.current() as HostProcess, await scene.startBeside(next.folder)];
    const hostOf = (turn: number): HostProcess => hosts[turn % hosts.length] as HostProcess;
    const { control } = scene.simulator;
    const paths: string[] = [];
    for (let index = 0; index < operations; index += 1) {
      const { path } = control.addOperation({ kind, script: [{ afterMs: 0, status: 'inprogress' }] });
      const answer = await hostOf(index).ask('POST', '/api/operations', { resource: path });
      expect(answer?.status).toBe(201);
      paths.push(path);
    }
    // Each second one ends; which of the two sees it changes from one to the next.
    for (let turn = 0; turn < operations + 2; turn += 1) {
      const path = paths[turn - 2];
      if (path !== undefined) control.setStatus({ path, status: turn % 3 === 0 ? 'failed' : 'completed' });
      scene.storage.aheadMs += 70_000;
      await hostOf(Math.floor(turn / 2)).run(poll);
    }
    await scene.witness.receive();
    const history = await scene.witness.history();
    expect(explain(history, judge(history))).toBe('');
    const views = await Promise.all(
      hosts.map((host) =>
        Promise.all(paths.map((path) => host.ask('GET', `/api/operations/${scene.witness.keyOf(path)}`))),
      ),
    );
    expect(views[0]).toEqual(views[1]);
    expect(views[0]?.map((view) => view?.json['state']).toSorted()).toEqual(
      control
        .truth()
        .map(({ changes }) => (changes.at(-1)?.status === 'failed' ? 'failed' : 'succeeded'))
        .toSorted(),
    );
    const values = (await scene.witness.rows()).flatMap(({ value = '' }) => value);
    expect(values.some((value) => value.includes('"later"'))).toBe(true);
    expect(values.some((value) => value.startsWith('{') && !value.includes('"later"'))).toBe(true);
  } finally {
    await scene.stop();
    await release.remove();
    await next.remove();
  }
});
