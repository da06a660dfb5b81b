import { expect, test } from 'vitest'
import { ClusterName, ClusterPorts } from '#src-main/contract/clusters.ts'
import { RaySetup } from '#src-main/contract/ray-setup.ts'
import {
  clusterNameOf,
  freeName,
  packagesOf,
  raySetupOf,
  settingsProblems as problemsOf,
} from '#src-renderer/features/clusters/settings-check.ts'

const ports = { head: '6379', agent: '6380', api: '8265' }
const noRay = { version: '', python: '', wheels: '', packages: '' }
const settingsProblems = (draft: { name: string | null; ports: typeof ports }, clusters: { name: string }[]) =>
  problemsOf({ ...draft, engine: 'shoal', ray: noRay }, clusters)
const named = (...names: string[]) => names.map((name) => ({ name }))

test.each(['lab', 'a', '0', 'gpu-lab-2', 'x'.repeat(48)])('%s is a name, for the contract too', (name) => {
  expect(settingsProblems({ name, ports }, [])).toEqual({})
  expect(ClusterName.safeParse(name).success).toBe(true)
})

test.each([
  ['', 'nameEmpty'],
  ['Lab', 'nameWrong'],
  ['-lab', 'nameWrong'],
  ['lab-', 'nameWrong'],
  ['la b', 'nameWrong'],
  ['ラボ', 'nameWrong'],
  ['x'.repeat(49), 'nameLong'],
])('%j is no name (%s), for the contract neither', (name, problem) => {
  expect(settingsProblems({ name, ports }, [])).toEqual({ name: problem })
  expect(ClusterName.safeParse(name).success).toBe(false)
})

test('a name that a cluster has is refused, and one that is free is proposed', () => {
  expect(settingsProblems({ name: 'lab', ports }, named('lab'))).toEqual({ name: 'nameTaken' })
  expect(freeName('lab', named('lab', 'lab-2', 'lab-4'))).toBe('lab-3')
  expect(clusterNameOf({ name: null }, named('lab'))).toBe('lab-2')
  expect(settingsProblems({ name: null, ports }, named('lab'))).toEqual({})
})

test('ports are numbers that exist, and the two of the head are different; the defaults are those of the contract', () => {
  const problems = (part: Partial<typeof ports>) => settingsProblems({ name: 'lab', ports: { ...ports, ...part } }, [])
  expect(problems({ head: '0' })).toEqual({ head: 'portWrong' })
  expect(problems({ head: '65536', agent: 'x' })).toEqual({ head: 'portWrong', agent: 'portWrong' })
  expect(problems({ agent: '6379' })).toEqual({ agent: 'portSame' })
  expect(problems({ api: '0' })).toEqual({})
  expect(problems({ api: '-1' })).toEqual({ api: 'portApiWrong' })
  expect(ClusterPorts.parse({})).toEqual({ head: Number(ports.head), agent: Number(ports.agent), api: Number(ports.api) })
})

test('what is wrong with the settings of Ray is said only where Ray is chosen, and the contract agrees', () => {
  const wrong = { version: '2', python: 'a b', wheels: 'wheels', packages: '--index-url=x' }
  const zero = { ...ports, api: '0' }
  expect(problemsOf({ name: 'lab', ports: zero, engine: 'shoal', ray: wrong }, [])).toEqual({})
  expect(problemsOf({ name: 'lab', ports: zero, engine: 'ray', ray: wrong }, [])).toEqual({
    api: 'portApiNone',
    version: 'rayVersionWrong',
    python: 'rayPythonWrong',
    wheels: 'rayWheelsWrong',
    packages: 'rayPackagesWrong',
  })
  expect(problemsOf({ name: 'lab', ports, engine: 'ray', ray: noRay }, [])).toEqual({})
  for (const [field, text] of Object.entries(wrong)) {
    if (field === 'wheels') continue // any path of this computer may be one; the page wants a whole one
    expect(RaySetup.safeParse({ [field]: field === 'packages' ? [text] : text }).success).toBe(false)
  }
})

test('what is left empty is left to the panel, and packages are taken apart', () => {
  expect(raySetupOf({ engine: 'shoal', ray: noRay })).toBeUndefined()
  expect(raySetupOf({ engine: 'ray', ray: noRay })).toEqual({})
  expect(packagesOf(' torch  pandas>=2,<3, numpy ')).toEqual(['torch', 'pandas>=2,<3', 'numpy'])
  const ray = raySetupOf({ engine: 'ray', ray: { version: '2.59.0', python: 'python3.12', wheels: '/w', packages: 'torch' } })
  expect(RaySetup.parse(ray)).toEqual({ version: '2.59.0', python: 'python3.12', wheels: '/w', packages: ['torch'] })
})
