import { gzipSync } from 'node:zlib'
import { writeFileSync } from 'node:fs'
import { Header } from 'tar'
import { crc32, deflateRawSync } from 'node:zlib'

export type ZipEntry = {
  readonly name: string
  readonly data?: Buffer
  /** Of Unix, with the type of the file. @default a plain file */
  readonly mode?: number
  readonly compress?: boolean
  /** What the headers say instead of the truth. */
  readonly claimedBytes?: number
}

/** Writes a zip as an attacker would: nothing is checked, no name is mended. */
export function writeZip(path: string, entries: readonly ZipEntry[]): void {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, data = Buffer.alloc(0), mode = 0o100644, compress = false, claimedBytes } of entries) {
    const packed = compress ? deflateRawSync(data, { level: 9 }) : data
    const label = Buffer.from(name)
    const fixed = Buffer.alloc(26)
    fixed.writeUInt16LE(20, 0)
    fixed.writeUInt16LE(0x800, 2)
    fixed.writeUInt16LE(compress ? 8 : 0, 4)
    fixed.writeUInt32LE(crc32(data), 10)
    fixed.writeUInt32LE(packed.length, 14)
    fixed.writeUInt32LE(claimedBytes ?? data.length, 18)
    fixed.writeUInt16LE(label.length, 22)
    bodies.push(Buffer.from('PK\u0003\u0004'), fixed, label, packed)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE((mode << 16) >>> 0, 6)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\u0001\u0002'), Buffer.from([20, 3]), fixed, tail, label)
    offset += 4 + fixed.length + label.length + packed.length
  }
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 0, 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(listing.length, 12)
  end.writeUInt32LE(offset, 16)
  writeFileSync(path, Buffer.concat([...bodies, listing, end]))
}

export type TarEntry = {
  readonly path: string
  readonly data?: Buffer
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO'
  readonly linkpath?: string
  readonly mode?: number
}

export function writeTarGz(path: string, entries: readonly TarEntry[]): void {
  const blocks: Buffer[] = []
  for (const { path: name, data = Buffer.alloc(0), type = 'File', linkpath = '', mode = 0o644 } of entries) {
    const header = new Header({ path: name, type, linkpath, mode, size: data.length, mtime: new Date(0) })
    const block = Buffer.alloc(512)
    header.encode(block, 0)
    blocks.push(block, data, Buffer.alloc((512 - (data.length % 512)) % 512))
  }
  blocks.push(Buffer.alloc(1024))
  writeFileSync(path, gzipSync(Buffer.concat(blocks)))
}
