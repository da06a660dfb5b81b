import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { InvariantError } from '../../runtime/base/invariant.ts'

const Manifest = z.object({ name: z.string(), version: z.string() })

type Installation = {
  readonly version: string
  readonly payloadFolder: string
  /** Of the sample jobs. */
  readonly samplesFolder: string
  /** Of the built page; undefined where it is not built. */
  readonly pageFolder: string | undefined
}

/** What lies around this code: the nearest folder above with our package.json, whether we run bundled or from source. */
export function findInstallation(): Installation {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (!existsSync(path)) continue
    const manifest = Manifest.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    if (manifest.data?.name !== 'shoal') continue
    const page = join(folder, 'dist', 'renderer')
    return {
      version: manifest.data.version,
      payloadFolder: join(folder, 'dist', 'payload'),
      samplesFolder: join(folder, 'examples', 'samples'),
      pageFolder: existsSync(join(page, 'index.html')) ? page : undefined,
    }
  }
  throw new InvariantError('our package.json lies above our code')
}
