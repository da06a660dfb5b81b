// Makes a thumbnail of each picture, on whichever node has room, and puts all of them on one contact sheet. The pictures are eight old
// photographs and prints of the Getty, in the public domain.
//
//   npm ci                                                       once, in this folder: sharp and the pictures go along with the job
//   shoal job submit --working-dir . -- node main.ts             or: shoal run main.ts, on this machine alone
//   node main.ts [--pictures DIR] [--out DIR] [--size 240]       JPEG, PNG, WebP … of a folder of the node that runs the job
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import * as shoal from 'shoal'
import { drawInLog, makeSheet, makeThumbnail, type Picture, type Thumbnail } from './pictures.ts'

const { values } = parseArgs({
  options: { pictures: { type: 'string' }, out: { type: 'string', default: 'out' }, size: { type: 'string', default: '240' } },
})
const size = Number(values.size)

const prefix = 'datasets-img-'
function readPictures(folder: string | undefined): Picture[] {
  const files = folder === undefined ? ownPictures() : readdirSync(folder).map((name) => ({ name, file: join(folder, name) }))
  return files
    .filter(({ file }) => /\.(jpe?g|png|webp|avif|tiff?|gif)$/i.test(file))
    .map(({ name, file }) => ({ name, bytes: readFileSync(file) }))
}
function ownPictures() {
  const packages = join(import.meta.dirname, 'node_modules', '@stdlib')
  const names = readdirSync(packages).filter((name) => name.startsWith(prefix))
  return names.map((name) => ({ name: name.slice(prefix.length), file: join(packages, name, 'data', 'image.jpg') }))
}

await shoal.init()
const pictures = readPictures(values.pictures)
const startedMs = performance.now()

// A picture is stored once, and travels to the node that makes its thumbnail. The thumbnail stays there until the sheet is made.
const shrink = shoal.remote(async (picture: Picture) => ({ ...(await makeThumbnail(picture, size)), node: hostname() }))
const thumbnails = await Promise.all(pictures.map(async (picture) => shrink.remote(await shoal.put(picture))))

for (const thumbnail of await shoal.get(thumbnails)) {
  const { name, from, width, height, bytes, node } = thumbnail
  const kilobytes = (bytes.length / 1_000).toFixed(1)
  console.log(`${name.padEnd(24)} ${from.width} x ${from.height} → ${width} x ${height}, ${kilobytes.padStart(5)} kB, on ${node}`)
}

const compose = shoal.remote((columns: number, ...all: Thumbnail[]) => makeSheet(all, columns))
const sheet = await shoal.get(compose.remote(Math.ceil(Math.sqrt(pictures.length * 1.5)), ...thumbnails))

const out = resolve(values.out)
mkdirSync(out, { recursive: true })
for (const { name, bytes } of await shoal.get(thumbnails)) writeFileSync(join(out, `${basename(name)}.jpg`), bytes)
writeFileSync(join(out, 'contact-sheet.jpg'), sheet.bytes)

console.log(`\n${await drawInLog(sheet, 64)}\n`)
console.log(
  `contact-sheet.jpg: ${sheet.width} x ${sheet.height}, ${(sheet.bytes.length / 1_000).toFixed(1)} kB, with ${pictures.length} thumbnails in ${out} on ${hostname()}`,
)
console.log(`took ${((performance.now() - startedMs) / 1_000).toFixed(2)} s`)
