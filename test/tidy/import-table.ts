/**
 * Who may import whom, as data. `test/tidy.test.ts` holds every file to it, and the lint's folder rules are derived from it,
 * so that an editor shows a forbidden import while it is typed.
 */

const renderer = {
  /** What lies below everything that shows things of a cluster. */
  entities: [
    'runtime/base',
    'runtime/api',
    'src-main/contract',
    'src-renderer/util',
    'src-renderer/i18n',
    'src-renderer/navigation',
    'src-renderer/ui',
    'src-renderer/api',
  ],
} as const

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
  'runtime/sdk': [
    'runtime/base',
    'runtime/protocol',
    'runtime/transport',
    'runtime/session',
    'runtime/store/store-client.ts',
    'runtime/store/foreign-arena.ts',
    'runtime/store/staging.ts',
  ],
  'runtime/worker': [
    'runtime/base',
    'runtime/protocol',
    'runtime/transport',
    'runtime/session',
    'runtime/store/store-client.ts',
    'runtime/sdk',
  ],
  'runtime/libs': ['runtime/sdk'],
  'runtime/client': ['runtime/base', 'runtime/api'],
  'runtime/packing': ['runtime/base'],
  'runtime/cli': ['runtime'],
  'src-main/contract': ['runtime/base', 'runtime/api'],
  'src-main/topics': ['runtime/base', 'src-main/contract'],
  'src-main/ssh': ['runtime/base'],
  'src-main/local': ['runtime/base', 'src-main/ssh'],
  'src-main/storage': ['runtime/base', 'src-main/contract'],
  'src-main/machines': ['runtime/base', 'src-main/contract', 'src-main/ssh'],
  'src-main/bootstrap': ['runtime/base', 'src-main/contract', 'src-main/ssh'],
  'src-main/cluster': [
    'runtime/base',
    'runtime/api',
    'runtime/client',
    'runtime/logs/line-selector.ts',
    'src-main/contract',
    'src-main/ssh',
  ],
  'src-main/services': [
    'runtime/base',
    'runtime/api',
    'runtime/client',
    'runtime/packing',
    'src-main/contract',
    'src-main/topics',
    'src-main/ssh',
    'src-main/local',
    'src-main/storage',
    'src-main/machines',
    'src-main/bootstrap',
    'src-main/cluster',
  ],
  'src-main/host': ['runtime/base', 'src-main/contract', 'src-main/topics', 'src-main/storage', 'src-main/services'],
  'src-main/web': ['runtime/base', 'src-main/contract', 'src-main/topics', 'src-main/host'],
  'src-main/electron': ['runtime/base', 'src-main/contract', 'src-main/storage', 'src-main/web'],
  'src-renderer/util': [],
  'src-renderer/i18n': ['src-renderer/util'],
  'src-renderer/navigation': ['src-renderer/util'],
  'src-renderer/ui': ['src-renderer/util', 'src-renderer/i18n'],
  'src-renderer/api': ['runtime/base', 'runtime/api', 'src-main/contract', 'src-renderer/util'],
  'src-renderer/entities': [...renderer.entities],
  'src-renderer/features': [...renderer.entities, 'src-renderer/entities'],
  'src-renderer/shell': [...renderer.entities, 'src-renderer/entities', 'src-renderer/features'],
  'src-main/cli': ['runtime/base', 'runtime/api', 'runtime/client', 'runtime/cli', 'src-main/contract', 'src-main/host', 'src-main/web'],
}

/** What any folder named `core` may import, besides itself. Its shell is not among them, and a core is its shell's alone. */
export const coreImports: Readonly<Record<'runtime' | 'src-main', readonly string[]>> = {
  runtime: ['runtime/base', 'runtime/protocol'],
  'src-main': ['runtime/base', 'src-main/contract'],
}

/** Folders whose files are pure: no npm package and no module of Node either. */
export const isPure = (path: string): boolean => path.startsWith('runtime/base/') || isCore(path)

export const isCore = (path: string): boolean => /^(runtime|src-main)\/.*\bcore\//.test(path)

/** The files that wrap an npm package; no other file of runtime/ and src-main/ imports it. A package that is missing here may not be imported. */
export const packageOwners: Readonly<Record<string, readonly RegExp[]>> = {
  koffi: [/^runtime\/store\/(segment[^/]*|punch-hole|freed-memory)\.ts$/],
  msgpackr: [/^runtime\/transport\/(message-codec|packed)\.ts$/, /^runtime\/sdk\/values\//, /^runtime\/sdk\/closure\//],
  '@peculiar/x509': [/^runtime\/transport\/certificates\.ts$/],
  hono: [/^runtime\/head\/http\//, /^src-main\/web\//],
  '@hono/node-server': [/^runtime\/head\/http\//, /^src-main\/web\//],
  'prom-client': [/^runtime\/head\/http\/metrics-text\.ts$/],
  ws: [/^runtime\/head\/http\//, /^runtime\/client\//, /^src-main\/web\//, /^src-main\/electron\/panel-relay\.ts$/],
  electron: [/^src-main\/electron\//],
  'electron-updater': [/^src-main\/electron\/updates\.ts$/],
  ssh2: [/^src-main\/ssh\//],
  'ssh-config': [/^src-main\/ssh\/ssh-config\.ts$/],
  yaml: [/^src-main\/machines\/yaml-text\.ts$/],
  'csv-parse': [/^src-main\/machines\/csv-inventory\.ts$/],
  diff: [/^src-main\/services\/exec-groups\.ts$/],
  '@napi-rs/keyring': [/^src-main\/storage\/keychain\.ts$/],
  acorn: [/^runtime\/sdk\/closure\//],
  yauzl: [/^runtime\/node\/packages\//],
  tar: [/^runtime\/node\/packages\//, /^src-main\/bootstrap\/ray\/wheels\.ts$/],
  yazl: [/^runtime\/packing\//],
  ignore: [/^runtime\/packing\//],
  react: [/^src-renderer\//],
  'react-dom': [/^src-renderer\/app\.tsx$/, /^src-renderer\/ui\/log-view\/use-log-scroller\.ts$/],
  '@tanstack/react-query': [/^src-renderer\//],
  '@tanstack/react-router': [/^src-renderer\/(navigation|shell)\//, /^src-renderer\/(app|routes)\.tsx$/],
  '@tanstack/react-virtual': [/^src-renderer\/ui\//],
  'lucide-react': [/^src-renderer\//],
  'radix-ui': [/^src-renderer\/ui\//, /^src-renderer\/shell\/palette[^/]*\.tsx$/],
  cmdk: [/^src-renderer\/shell\/palette[^/]*\.tsx$/],
  sonner: [/^src-renderer\//],
  'intl-messageformat': [/^src-renderer\/i18n\/messages\.ts$/],
  uplot: [/^src-renderer\/ui\/charts\//],
  anser: [/^src-renderer\/ui\/log-view\//],
  '@xterm/xterm': [/^src-renderer\/ui\/terminal-view[^/]*\.tsx?$/],
  '@xterm/addon-fit': [/^src-renderer\/ui\/terminal-view[^/]*\.tsx?$/],
  zod: [/^runtime\/(protocol|transport|api|client)\//, /^runtime\/(head|node|sdk|cli)\//, /^src-main\//],
}
