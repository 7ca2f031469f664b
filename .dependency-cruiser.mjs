// The layers: functions → src/app, src/http → src/flows → src/domain; adapters know the domain and not each other;
// src/app.ts alone sees everything. Each rule says who may not import what.
const adapters = ['graph', 'storage', 'telemetry', 'identity'];
const own = '^(functions|src|dev|test|bench)/';

/** `folder` may import `allowed` of this repository's files, and nothing else of them. */
const only = (folder, allowed) => ({
  name: `${folder.replaceAll('/', '-')}-imports`,
  comment: `${folder} imports ${allowed.join(', ') || 'nothing'} only`,
  severity: 'error',
  from: { path: `^${folder}(/|$)`.replaceAll('.', '\\.') },
  to: { path: own, pathNot: [folder, ...allowed].map((path) => `^${path}(/|$)`.replaceAll('.', '\\.')) },
});

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^(functions|src)/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'product-not-to-tools',
      comment: 'what is deployed never imports what helps to develop it, nor a package for that',
      severity: 'error',
      from: { path: '^(functions|src)/' },
      to: { path: '^(dev|test|bench)/' },
    },
    {
      name: 'product-not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^(functions|src)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    only('src/domain', []),
    {
      name: 'domain-pure',
      comment: 'the domain is arithmetic: no package and no part of the platform but hashes',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { pathNot: ['^src/domain/', '^(node:)?crypto$'] },
    },
    only('src/flows', ['src/domain']),
    {
      name: 'flows-without-packages',
      comment: 'flows decide; packages and the platform stand behind their ports',
      severity: 'error',
      from: { path: '^src/flows/' },
      to: { pathNot: ['^src/'] },
    },
    only('src/http', ['src/flows', 'src/domain']),
    ...adapters.map((name) => only(`src/${name}`, ['src/domain'])),
    only('src/config', ['src/domain']),
    only('src/config.ts', ['src/config', 'src/domain']),
    only('functions', ['src/app.ts', 'src/http', 'src/flows', 'src/domain']),
    {
      name: 'app-seen-by-functions-only',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/app\\.ts$' },
    },
    {
      name: 'app-parts-seen-by-app-only',
      severity: 'error',
      from: { path: own, pathNot: '^src/app(/|\\.ts$)' },
      to: { path: '^src/app/' },
    },
    {
      name: 'config-seen-by-app-only',
      severity: 'error',
      from: { path: '^(src|functions)/', pathNot: '^src/(app|config)\\.ts$' },
      to: { path: '^src/config\\.ts$' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
