import { closeSync, openSync, readSync } from 'node:fs'
import { ClusterError } from '../base/errors.ts'

/** Where an object lies in a spill file. `checksum` is the CRC-32 of its bytes. */
export type SpilledRange = { readonly offset: number; readonly sizeBytes: number; readonly checksum: number }

/** Reads an object where it was spilled to, without room in memory. The file stays readable until `release`, also when it is removed. */
export type SpilledReader = { readonly sizeBytes: number; read(offset: number, lengthBytes: number): Uint8Array; release(): void }

/** Undefined when the file is gone: the object was freed. */
export function readSpilled(path: string, { offset: start, sizeBytes }: SpilledRange): SpilledReader | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined // freed in between
  }
  let isOpen = true
  return {
    sizeBytes,
    read(offset, lengthBytes) {
      const bytes = new Uint8Array(lengthBytes)
      for (let done = 0; done < lengthBytes; ) {
        const count = readSync(file, bytes, done, lengthBytes - done, start + offset + done)
        if (count === 0)
          throw new ClusterError(
            'store.corrupt',
            `spill file ${path} ends inside an object. The object is lost here; its owner can make it again.`,
          )
        done += count
      }
      return bytes
    },
    release() {
      if (isOpen) closeSync(file)
      isOpen = false
    },
  }
}
