// What `npm ci` will install is what was reviewed: every package pinned by a SHA-512 and from a registry, install
// scripts as decided in package.json, licences that let us ship it, and no committed file that sends anybody to a certain
// registry. Needs no network.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Outcome } from './outcome.ts';
import { sourceFiles } from './source-files.ts';

type LockEntry = {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly license?: string;
  /** Only for development: it is not shipped. */
  readonly dev?: boolean;
  readonly devOptional?: boolean;
};
type Lock = { readonly lockfileVersion: number; readonly packages: Readonly<Record<string, LockEntry>> };
type Manifest = {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
};

/** What may be in the package: permissive, with nothing to do but to name its authors. */
const shippedLicences = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];
/** Weak copyleft, for tools that nobody gets from us. */
const toolLicences = [...shippedLicences, 'MPL-2.0'];
/** Packages whose licence is no SPDX name, each read: it is in the public domain. */
const readLicences = new Map([['uri-templates', 'http://geraintluff.github.io/tv4/LICENSE.txt']]);

const sha512 = /^sha512-[A-Za-z0-9+/]{86}==$/;
const registryVersion = /^[~^]?\d+(\.(\d+|x)){1,2}(-[0-9A-Za-z.-]+)?$/;
/** A URL of a registry or of an archive in one; the address of an npm page for people is none. */
const registryUrl =
  /\bhttps?:\/\/(?:[\w.-]*\b(?:registry|npm|verdaccio|artifactory|nexus|packages)\b[\w.-]*\.[a-z]{2,}|[^\s"'`]+\.tgz)\b/i;

export async function checkSupplyChain(root: string): Promise<Outcome> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
  return {
    problems: [
      ...(lock.lockfileVersion === 3 ? [] : [`package-lock.json: version ${lock.lockfileVersion}, 3 wanted`]),
      ...(entries.length === 0 ? ['package-lock.json: no packages'] : []),
      ...entries.flatMap(([path, entry]) => entryProblems(path, entry)),
      ...sourceProblems(manifest),
      ...scriptProblems(entries, manifest),
      ...(await registryProblems(root)),
    ],
    seen: `${entries.length} packages`,
  };
}

function entryProblems(path: string, entry: LockEntry): readonly string[] {
  return [
    ...(sha512.test(entry.integrity ?? '') ? [] : [`${path}: no SHA-512 integrity`]),
    ...(entry.link === true ? [`${path}: a link to a folder`] : []),
    ...(entry.resolved === undefined ? [] : [`${path}: comes from a fixed address, ${entry.resolved}`]),
    ...licenceProblems(path, entry),
  ];
}

/** An expression with OR is fine with one fine part, one with AND needs all of them. */
function licenceProblems(path: string, { license = 'none', dev, devOptional }: LockEntry): readonly string[] {
  if (readLicences.get(path.replace(/^.*node_modules\//, '')) === license) return [];
  const allowed = dev === true || devOptional === true ? toolLicences : shippedLicences;
  const parts = license.replaceAll(/[()]/g, '').split(/ (?:AND|OR) /);
  const isAllowed = (part: string): boolean => allowed.includes(part);
  const isFine =
    / OR /.test(license) && !/ AND /.test(license) ? parts.some(isAllowed) : parts.every(isAllowed);
  return isFine ? [] : [`${path}: its licence is ${license}`];
}

function sourceProblems({ dependencies = {}, devDependencies = {} }: Manifest): readonly string[] {
  return Object.entries({ ...dependencies, ...devDependencies })
    .filter(([, version]) => !registryVersion.test(version))
    .map(([name, version]) => `package.json: ${name} is "${version}", not a version of a registry`);
}

/** Every package that wants to run something at install stands in allowScripts, with a yes or a no, and no other. */
function scriptProblems(
  entries: readonly (readonly [string, LockEntry])[],
  manifest: Manifest,
): readonly string[] {
  const reviewed = Object.keys(manifest.allowScripts ?? {});
  const withScript = new Set(
    entries
      .filter(([, entry]) => entry.hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, '')),
  );
  return [
    ...[...withScript]
      .filter((name) => !reviewed.includes(name))
      .map((name) => `${name}: an install script nobody reviewed`),
    ...reviewed
      .filter((name) => !withScript.has(name))
      .map((name) => `${name}: in allowScripts, but has no install script`),
  ];
}

async function registryProblems(root: string): Promise<readonly string[]> {
  const paths = await committedFiles(root);
  const found = await Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(root, path), 'utf8');
      const lines = text.split('\n');
      return lines.flatMap((line, index) =>
        registryUrl.test(line) ? [`${path}:${index + 1}: the address of a registry`] : [],
      );
    }),
  );
  return found.flat();
}

/** What git tracks, or in a folder without git the code and the files beside it that decide what is installed. */
async function committedFiles(root: string): Promise<readonly string[]> {
  try {
    const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], {
      cwd: root,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout.split('\0').filter(Boolean);
  } catch {
    // Not a checkout: an archive, or a test's copy.
    return [...(await sourceFiles(root)), 'package.json', 'package-lock.json', '.npmrc'];
  }
}
