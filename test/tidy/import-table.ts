/**
 * Who may import whom, as data. `test/tidy.test.ts` holds every file to it, and the lint's folder rules are derived from it,
 * so that an editor shows a forbidden import while it is typed.
 */

/** What a folder may import of ours, besides itself. A row is a folder, or one file of a folder. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  'runtime/base': [],
  'runtime/protocol': ['runtime/base'],
  'runtime/api': ['runtime/base'],
  'runtime/transport': ['runtime/base', 'runtime/protocol'],
  'runtime/session': ['runtime/base'],
  'runtime/logs': ['runtime/base', 'runtime/protocol', 'runtime/store/punch-hole.ts'],
  'runtime/head': ['runtime/base', 'runtime/protocol', 'runtime/transport', 'runtime/session', 'runtime/api', 'runtime/logs'],
  'runtime/store': ['runtime/base', 'runtime/protocol', 'runtime/transport', 'runtime/session'],
  'runtime/node': ['runtime/base', 'runtime/protocol', 'runtime/transport', 'runtime/session', 'runtime/store', 'runtime/logs'],
  'runtime/sdk': ['runtime/base', 'runtime/protocol', 'runtime/transport', 'runtime/session', 'runtime/store/store-client.ts'],
  'runtime/worker': [
    'runtime/base',
    'runtime/protocol',
    'runtime/transport',
    'runtime/session',
    'runtime/store/store-client.ts',
    'runtime/sdk',
  ],
  'runtime/libs': ['runtime/sdk'],
  'runtime/cli': ['runtime'],
}

/** What any folder named `core` below runtime/ may import, besides itself. Its shell is not among them, and a core is its shell's alone. */
export const coreImports: readonly string[] = ['runtime/base', 'runtime/protocol']

/** Folders whose files are pure: no npm package and no module of Node either. */
export const isPure = (path: string): boolean => path.startsWith('runtime/base/') || isCore(path)

export const isCore = (path: string): boolean => /^runtime\/.*\bcore\//.test(path)

/** The files that wrap an npm package; no other file of runtime/ imports it. A package that is missing here may not be imported. */
export const packageOwners: Readonly<Record<string, readonly RegExp[]>> = {
  koffi: [/^runtime\/store\/(segment[^/]*|punch-hole)\.ts$/],
  msgpackr: [/^runtime\/transport\/(message-codec|packed)\.ts$/, /^runtime\/sdk\/values\//, /^runtime\/sdk\/closure\//],
  '@peculiar/x509': [/^runtime\/transport\/certificates\.ts$/],
  hono: [/^runtime\/head\/http\//],
  '@hono/node-server': [/^runtime\/head\/http\//],
  'prom-client': [/^runtime\/head\/http\/metrics-text\.ts$/],
  ws: [/^runtime\/(head|cli)\/http\//],
  acorn: [/^runtime\/sdk\/closure\//],
  yauzl: [/^runtime\/node\/packages\//],
  tar: [/^runtime\/node\/packages\//],
  yazl: [/^runtime\/cli\/packages\//],
  ignore: [/^runtime\/cli\/packages\//],
  zod: [/^runtime\/(protocol|transport|api)\//, /^runtime\/(head|node|sdk|cli)\//],
}
