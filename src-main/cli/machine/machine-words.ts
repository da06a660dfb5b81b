import type { Finding, Machine, MachineFacts } from '../../contract/machines.ts'
import { countText, sizeText } from '../words/amounts.ts'

/** `user@host:port`, of which what ssh decides is left out. */
export const placeText = ({ user, host, port, via }: Pick<Machine, 'user' | 'host' | 'port'> & Partial<Pick<Machine, 'via'>>): string =>
  via === 'local'
    ? 'this computer'
    : `${user === undefined ? '' : `${user}@`}${host.includes(':') && port !== undefined ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`

export const countLevel = (findings: readonly Finding[], level: Finding['level']): number =>
  findings.filter((finding) => finding.level === level).length

/** `2 × A100 80 GiB`, kinds of cards apart. */
export function gpuText({ gpus }: Pick<MachineFacts, 'gpus'>): string {
  const kinds = new Map<string, number>()
  for (const { name, memoryBytes } of gpus) {
    const kind = `${name.replace(/^NVIDIA /, '')} ${sizeText(memoryBytes)}`
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
  return [...kinds].map(([kind, count]) => (count === 1 ? kind : `${count} × ${kind}`)).join(', ')
}

/** `Debian 12, x86_64, glibc 2.36`. */
export const systemText = ({ os, arch, libc }: Pick<MachineFacts, 'os' | 'arch' | 'libc'>): string =>
  [os, arch, libc.kind === 'unknown' ? '' : `${libc.kind} ${libc.version}`].filter((part) => part !== '').join(', ')

/** `fit`, `2 warnings`, `1 blocker`; nothing where it was never looked at. */
export function fitText({ findings }: Pick<Machine, 'findings'>): string {
  const blockers = countLevel(findings, 'blocker')
  const warnings = countLevel(findings, 'warning')
  if (blockers > 0) return countText(blockers, 'blocker')
  if (warnings > 0) return countText(warnings, 'warning')
  return findings.length > 0 ? 'fit' : ''
}
