import { constants, Script, type ScriptOptions } from 'node:vm'

const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
let isQuiet = false

/** A script whose `import()` resolves from its file name, by Node's own loader. */
export function compileScript(text: string, options: Omit<ScriptOptions, 'importModuleDynamically'>): Script {
  if (!isQuiet && text.includes('import')) silenceLoaderWarning()
  return new Script(text, { ...options, importModuleDynamically })
}

/**
 * Node warns at the first such import() of a process that this loader option is experimental. That is our choice and
 * nothing that a user can act on, so the first one is ours, and its warning is dropped.
 */
function silenceLoaderWarning(): void {
  isQuiet = true
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    const loading: unknown = new Script("import('node:path')", { importModuleDynamically }).runInThisContext()
    if (loading instanceof Promise) loading.catch(() => {}) // a built-in module; its outcome is of no interest
  } finally {
    process.emitWarning = emitWarning
  }
}
