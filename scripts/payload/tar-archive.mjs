import { createHash } from 'node:crypto'

/**
 * One file of an archive. `path` is relative, with `/`, at most 100 bytes.
 * @typedef {{ path: string, content: Buffer, isExecutable?: boolean }} ArchiveFile
 */

/**
 * A ustar archive with nothing in it that depends on when, where or by whom it was made: files sorted by path, times 0,
 * owner 0 without a name. The same files give the same bytes.
 *
 * @param {readonly ArchiveFile[]} files
 * @returns {Buffer}
 */
export function tarOf(files) {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
  const blocks = sorted.flatMap(({ path, content, isExecutable }) => [
    headerOf({ path, sizeBytes: content.length, mode: isExecutable ? 0o755 : 0o644 }),
    content,
    Buffer.alloc(-content.length & 511),
  ])
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

function headerOf({ path, sizeBytes, mode }) {
  const header = Buffer.alloc(512)
  if (Buffer.byteLength(path) > 100) throw new Error(`${path} is longer than the 100 bytes that every tar reads`)
  header.write(path, 0)
  writeOctal(header, { at: 100, digits: 7, value: mode })
  writeOctal(header, { at: 108, digits: 7, value: 0 }) //  owner
  writeOctal(header, { at: 116, digits: 7, value: 0 }) //  group
  writeOctal(header, { at: 124, digits: 11, value: sizeBytes })
  writeOctal(header, { at: 136, digits: 11, value: 0 }) // time
  header.write('0', 156) //                               a plain file
  header.write('ustar\u000000', 257)
  header.fill(' ', 148, 156) //                           the checksum counts itself as blanks
  const checksum = header.reduce((sum, byte) => sum + byte, 0)
  writeOctal(header, { at: 148, digits: 6, value: checksum })
  header.write('\u0000 ', 154)
  return header
}

const writeOctal = (header, { at, digits, value }) => header.write(`${value.toString(8).padStart(digits, '0')}\u0000`, at)

/** Lines that `sha256sum -c` reads. @param {readonly ArchiveFile[]} files @returns {string} */
export const sha256SumsOf = (files) =>
  [...files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, content }) => `${sha256(content)}  ${path}\n`)
    .join('')

export const sha256 = (content) => createHash('sha256').update(content).digest('hex')
