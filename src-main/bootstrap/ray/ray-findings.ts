import type { Finding, MachineFacts } from '../../contract/machines.ts'
import type { RaySetup } from '../../contract/ray-setup.ts'
import { blocker, ok, warning } from '../findings-words.ts'

const installUv = 'curl -LsSf https://astral.sh/uv/install.sh | sh'
const oldestPython = [3, 9] as const

/** Can the machine be given an environment with Ray? */
export function rayFindings(facts: MachineFacts, { python: wanted, wheels, version: rayVersion }: RaySetup): Finding[] {
  const { python, tools } = facts
  const uv = tools['uv']
  if (uv !== undefined) return [ok('ray.uv', 'Ray can be installed', `with uv (${uv})`)]
  if (wanted !== 'python3') return [ok('ray.python', 'Ray is installed with the Python that was named', wanted)]
  if (!python) {
    return [
      blocker('ray.no-python', 'No Python for Ray', {
        detail: 'Ray runs in Python, and neither python3 nor uv is there.',
        remedy: `As root there: apt-get install python3-venv. Without root, where it has internet: ${installUv}`,
        command: installUv,
      }),
    ]
  }
  const [major = 0, minor = 0] = python.version.split('.').map(Number)
  if (major < oldestPython[0] || (major === oldestPython[0] && minor < oldestPython[1])) {
    return [
      blocker('ray.python-old', 'Python is too old for Ray', {
        detail: `${python.path} is Python ${python.version}; Ray ${rayVersion} wants ${oldestPython.join('.')} or later.`,
        remedy: `Name another Python of the machine (--python /opt/python3.12/bin/python3), or install uv there: ${installUv}`,
        command: installUv,
      }),
    ]
  }
  const detail = `${python.path}, Python ${python.version}`
  if (python.hasVenv === true || python.hasPip === true) return [ok('ray.venv', 'Ray can be installed', detail)]
  const words = {
    detail: `${detail}, makes no environments: it has neither ensurepip nor pip.`,
    remedy: `As root there: apt-get install python3-venv. Without root, where it has internet: ${installUv}`,
    command: 'apt-get install python3-venv',
  }
  if (wheels === null) return [blocker('ray.no-venv', 'Python makes no environment', words)]
  const withPip = { ...words, remedy: `${words.remedy} Or put the wheel of pip among those of ${wheels}.` }
  return [warning('ray.no-venv', 'Python makes no environment, unless pip is among the wheels', withPip)]
}

/** Of machines, the first the head's: where their Pythons differ, Ray refuses the node. Nothing is said where uv or a named Python decides. */
export function pythonsThatDiffer(
  machines: readonly { readonly id: string; readonly name: string; readonly facts: MachineFacts | null }[],
  ray: RaySetup,
): { readonly machineId: string; readonly finding: Finding }[] {
  const [head, ...others] = machines.map(({ id, name, facts }) => ({ id, name, minor: ownMinor(facts) }))
  if (ray.python !== 'python3' || head?.minor === undefined) return []
  return others
    .filter(({ minor }) => minor !== undefined && minor !== head.minor)
    .map(({ id, name, minor }) => ({
      machineId: id,
      finding: blocker('ray.python-differs', 'Another Python than the head', {
        detail: `${name} has Python ${minor}, ${head.name} has ${head.minor}: Ray wants the same on all nodes.`,
        remedy: 'Name a Python that all have (--python python3.11), or install uv on all and give a version (--python 3.12).',
      }),
    }))
}

const ownMinor = (facts: MachineFacts | null): string | undefined =>
  facts?.tools['uv'] === undefined ? facts?.python?.version.split('.').slice(0, 2).join('.') : undefined
