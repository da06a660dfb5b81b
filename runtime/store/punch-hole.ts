import { createRequire } from 'node:module'

const fallocKeepSize = 1
const fallocPunchHole = 2

type Punch = (fd: number, offset: number, lengthBytes: number) => Promise<number>
let punch: Punch | undefined | 'not-loaded' = 'not-loaded'

/**
 * Gives the blocks of a part of a file back to the system; the part reads as zeros from then on, the file stays as long as it is.
 * Returns false where the file system, or this machine, cannot. The first call loads koffi, some 10 ms.
 */
export async function punchHole(fd: number, offset: number, lengthBytes: number): Promise<boolean> {
  if (punch === 'not-loaded') punch = bindPunch()
  return punch !== undefined && (await punch(fd, offset, lengthBytes)) === 0
}

function bindPunch(): Punch | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi') // require gives any; this is its own type
    const fallocate = koffi.load(null).func('int fallocate(int, int, int64_t, int64_t)')
    return (fd, offset, lengthBytes) =>
      new Promise((resolve) => {
        fallocate.async(fd, fallocKeepSize | fallocPunchHole, offset, lengthBytes, (error: unknown, result: number) =>
          resolve(error ? -1 : result),
        )
      })
  } catch {
    return undefined // no prebuilt koffi for this system: the caller has another way
  }
}
