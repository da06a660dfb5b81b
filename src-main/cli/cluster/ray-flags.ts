import { resolve } from 'node:path'
import { type FlagValues, UsageError } from '../../../runtime/cli/command.ts'
import { RaySetup, usualRayVersion } from '../../contract/ray-setup.ts'
import { listFrom } from '../words/lists.ts'

/** How Ray gets onto the machines, where a cluster is to be one of it. */
export const rayFlags = {
  'ray-version': { value: 'VERSION', help: `with --engine ray. Default: ${usualRayVersion}` },
  python: {
    value: 'NAME',
    help: 'with --engine ray: the Python of the machines, a command or a path; with uv there, a version. Default: python3',
  },
  wheels: {
    value: 'FOLDER',
    help: 'with --engine ray: of this computer, sent to the machines and used alone. Default: from the package index',
  },
  packages: { value: 'NAMES', help: 'with --engine ray: put beside Ray, with commas between them, such as torch,pandas==2.3.1' },
} as const

/** @throws UsageError for one of them with another engine, or what is no version, Python or package */
export function raySettings(values: FlagValues): { ray?: RaySetup } {
  const given = Object.keys(rayFlags).filter((flag) => values.has(flag))
  if (values.find('engine') !== 'ray') {
    if (given.length === 0) return {}
    throw new UsageError(`--${given[0]} is only for --engine ray`)
  }
  const wheels = values.find('wheels')
  const parsed = RaySetup.safeParse({
    version: values.find('ray-version'),
    python: values.find('python'),
    wheels: wheels === undefined ? undefined : resolve(wheels),
    packages: listFrom('--packages', values.find('packages')),
  })
  if (parsed.success) return { ray: parsed.data }
  const [issue] = parsed.error.issues
  const flag = issue?.path[0] === 'version' ? 'ray-version' : String(issue?.path[0] ?? 'ray-version')
  throw new UsageError(`--${flag} ${issue?.message ?? 'is wrong'}, got ${JSON.stringify(values.find(flag) ?? '')}`)
}
