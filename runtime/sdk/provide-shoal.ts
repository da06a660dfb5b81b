import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'

/** The SDK beside us: the bundle, or the source that we are part of. */
const bundled = new URL('shoal.mjs', import.meta.url)
const sdk = existsSync(fileURLToPath(bundled)) ? bundled.href : new URL('index.ts', import.meta.url).href

/**
 * Makes `import 'shoal'` and `require('shoal')` work in every file that this process loads from now on, wherever that file lies.
 *
 * `always`: they give our SDK, also where the file has a copy installed. For workers: a second copy would know nothing of the
 * cluster that the first one is connected to. `when-missing`: only where nothing is found otherwise. For programs.
 *
 * Does nothing before Node 22.15, which has no hooks for this.
 */
export function provideShoal(when: 'always' | 'when-missing'): void {
  if (!('registerHooks' in nodeModule)) return
  nodeModule.registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier !== 'shoal') return nextResolve(specifier, context)
      const ours = { url: sdk, shortCircuit: true }
      if (when === 'always') return ours
      try {
        return nextResolve(specifier, context)
      } catch (error) {
        if (isNotFound(error)) return ours
        throw error
      }
    },
  })
}

/** Our SDK: the very module that `shoal` names after `provideShoal('always')`. */
export const loadShoal = (): Promise<object> => import(sdk)

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND')
