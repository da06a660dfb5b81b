import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import * as z from 'zod'

/** A process, told apart from a later one with the same pid, of another boot, of another container and of another computer that shares the folder. */
export const ProcessIdentity = z.object({
  pid: z.int().min(1),
  /** As the system keeps it; empty where it cannot be found out. */
  startTime: z.string().max(128),
  bootId: z.string().max(128),
  pidNamespace: z.string().max(128),
  hostname: z.string().max(256),
})
export type ProcessIdentity = z.infer<typeof ProcessIdentity>

export async function ownIdentity(): Promise<ProcessIdentity> {
  const linux = process.platform === 'linux'
  return {
    pid: process.pid,
    startTime: (await startTimeOf(process.pid)) ?? '',
    bootId: linux ? await readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim(), nothing) : '',
    pidNamespace: linux ? await readlink('/proc/self/ns/pid').catch(nothing) : '',
    hostname: hostname(),
  }
}

/** `unknown`: it is of another computer or container, whose processes cannot be seen from here. */
export async function stateOf(other: ProcessIdentity, self: ProcessIdentity): Promise<'running' | 'gone' | 'unknown'> {
  if (other.bootId !== self.bootId) return other.hostname === self.hostname ? 'gone' : 'unknown'
  if (self.bootId === '' && other.hostname !== self.hostname) return 'unknown'
  if (other.pidNamespace !== self.pidNamespace) return 'unknown'
  const startTime = await startTimeOf(other.pid)
  if (startTime === undefined) return 'gone'
  return startTime === '' || other.startTime === '' || startTime === other.startTime ? 'running' : 'gone'
}

/** Undefined: there is no such process, or it has ended and nobody has reaped it. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(nothing)
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold spaces and brackets
    return stat === '' || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  }
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return undefined
  }
  if (process.platform === 'win32') return ''
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'lstart=', '-p', String(pid)], { timeout: 5_000 }, (error, stdout) => resolve(error ? '' : stdout.trim()))
  })
}

const nothing = (): string => ''
