import { createRequire } from 'node:module'

/** Of malloc.h of glibc. */
const trimThreshold = -1
const mmapThreshold = -3
const thresholdBytes = 128 * 1024

/**
 * Makes the C library give large buffers back to the system when they are freed: glibc raises this limit by itself, up to 32 MiB, with the first of
 * them, and what a process with many buffers of different sizes has freed then stays with it. Does nothing where the C library is another.
 */
export function giveFreedMemoryBack(): void {
  if (process.platform !== 'linux') return
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi') // require gives any; this is its own type
    const mallopt = koffi.load(null).func('int mallopt(int, int)')
    for (const option of [trimThreshold, mmapThreshold]) mallopt(option, thresholdBytes)
  } catch {
    // no prebuilt koffi for this system, or no glibc
  }
}
