// The deployable file stays small and quick to load: a cold start is paid by every set of instances.
import { buildBundle } from '../build.ts';
import type { Outcome } from './outcome.ts';

const maxBytes = 6 * 1024 * 1024;
/** Measured: Application Insights alone takes 0.9 s and 2,869 files to load, and only some installations want it. */
const lazyPackages = ['applicationinsights', '@azure/monitor-opentelemetry'];

export async function checkBundle(root: string): Promise<Outcome> {
  const { path, bytes, eagerModules } = await buildBundle(root);
  const isOf = (name: string) => (module: string) => module.includes(`node_modules/${name}/`);
  return {
    problems: [
      ...(bytes > maxBytes ? [`${path}: ${bytes} bytes, ${maxBytes} at most`] : []),
      ...lazyPackages
        .filter((name) => eagerModules.some(isOf(name)))
        .map((name) => `${path}: ${name} is loaded at start, not by a dynamic import`),
    ],
    seen: `${(bytes / 1024 / 1024).toFixed(2)} MB, ${eagerModules.length} modules at load`,
  };
}
