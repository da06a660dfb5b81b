import type { Cluster } from '../../../src-main/contract/clusters.ts'
import type { CreateSpec } from './create-command.ts'
import type { Draft } from './draft.ts'

export type SettingsProblem =
  | 'nameEmpty'
  | 'nameWrong'
  | 'nameLong'
  | 'nameTaken'
  | 'portWrong'
  | 'portApiWrong'
  | 'portSame'
  | 'portApiNone'
  | 'rayVersionWrong'
  | 'rayPythonWrong'
  | 'rayWheelsWrong'
  | 'rayPackagesWrong'
export type SettingsProblems = Partial<Record<'name' | 'head' | 'agent' | 'api' | keyof Draft['ray'], SettingsProblem>>

type Named = Pick<Cluster, 'name'>

/** What it will be called as things are. */
export const clusterNameOf = ({ name }: Pick<Draft, 'name'>, clusters: readonly Named[]): string => name ?? freeName('lab', clusters)

/** What is wrong with what was entered, by field. */
export function settingsProblems(draft: Pick<Draft, 'name' | 'ports' | 'engine' | 'ray'>, clusters: readonly Named[]): SettingsProblems {
  const { ports } = draft
  const named = nameProblem(clusterNameOf(draft, clusters), clusters)
  const isHead = isPort(ports.head, 1)
  const isAgent = isPort(ports.agent, 1)
  const isSame = isHead && isAgent && Number(ports.head) === Number(ports.agent)
  return {
    ...(named !== undefined && { name: named }),
    ...(!isHead && { head: 'portWrong' as const }),
    ...(!isAgent ? { agent: 'portWrong' as const } : isSame ? { agent: 'portSame' as const } : {}),
    ...(!isPort(ports.api, 0) && { api: 'portApiWrong' as const }),
    ...(draft.engine === 'ray' && rayProblems(draft)),
  }
}

function rayProblems({ ports, ray }: Pick<Draft, 'ports' | 'ray'>): SettingsProblems {
  const { version, python, wheels, packages } = ray
  return {
    ...(Number(ports.api) === 0 && { api: 'portApiNone' as const }),
    ...(version !== '' && !isRayVersion(version) && { version: 'rayVersionWrong' as const }),
    ...(python !== '' && !/^(?:\/.+|[A-Za-z0-9][\w.-]*)$/.test(python) && { python: 'rayPythonWrong' as const }),
    ...(wheels !== '' && !/^(?:\/|[A-Za-z]:[\\/])/.test(wheels) && { wheels: 'rayWheelsWrong' as const }),
    ...(packagesOf(packages).some((each) => !/^[A-Za-z0-9]/.test(each)) && { packages: 'rayPackagesWrong' as const }),
  }
}

export const isRayVersion = (text: string): boolean => /^\d+\.\d+\.\d+(?:\.?(?:a|b|rc|post|dev)\d+)?$/.test(text)

/** What was typed with blanks or commas between them; a version may hold commas of its own, so `pandas>=2,<3` is one. */
export const packagesOf = (text: string): string[] =>
  text
    .trim()
    .split(/\s+|,(?=\s*[A-Za-z])/)
    .map((each) => each.trim())
    .filter((each) => each !== '')

/** What the panel is asked for; undefined for the engine of ours. */
export function raySetupOf({ engine, ray: { version, python, wheels, packages } }: Pick<Draft, 'engine' | 'ray'>): CreateSpec['ray'] {
  if (engine !== 'ray') return undefined
  const names = packagesOf(packages)
  return {
    ...(version !== '' && { version }),
    ...(python !== '' && { python }),
    ...(wheels !== '' && { wheels }),
    ...(names.length > 0 && { packages: names }),
  }
}

function nameProblem(name: string, clusters: readonly Named[]): SettingsProblem | undefined {
  if (name === '') return 'nameEmpty'
  if (name.length > 48) return 'nameLong'
  if (!/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(name)) return 'nameWrong'
  return clusters.some((cluster) => cluster.name === name) ? 'nameTaken' : undefined
}

const isPort = (text: string, least: number): boolean => /^\d{1,5}$/.test(text.trim()) && Number(text) >= least && Number(text) <= 65_535

/** A name that no cluster has yet: lab, lab-2, lab-3… */
export function freeName(wanted: string, clusters: readonly Named[]): string {
  const taken = new Set(clusters.map(({ name }) => name))
  if (!taken.has(wanted)) return wanted
  let number = 2
  while (taken.has(`${wanted}-${number}`)) number += 1
  return `${wanted}-${number}`
}
