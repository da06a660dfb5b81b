// What is done to pictures. Nothing here knows of a cluster.
import sharp from 'sharp'

export type Picture = { readonly name: string; readonly bytes: Uint8Array }
export type Thumbnail = Picture & { readonly width: number; readonly height: number; readonly from: { width: number; height: number } }
export type Sheet = { readonly bytes: Uint8Array; readonly width: number; readonly height: number }

const gap = 8

/** A square cut from where most is to be seen, as a JPEG, tinted and sharpened a little. */
export async function makeThumbnail({ name, bytes }: Picture, size: number): Promise<Thumbnail> {
  sharp.concurrency(1) // a task holds one CPU, so it uses one thread
  const { width, height } = await sharp(bytes).metadata()
  const squared = sharp(bytes).rotate().resize(size, size, { fit: 'cover', position: sharp.strategy.attention })
  const { data, info } = await squared.modulate({ brightness: 1.05 }).sharpen().jpeg({ quality: 85 }).toBuffer({ resolveWithObject: true })
  return { name, bytes: data, width: info.width, height: info.height, from: { width, height } }
}

/** All thumbnails on one sheet, in rows of `columns`. */
export async function makeSheet(thumbnails: readonly Thumbnail[], columns: number): Promise<Sheet> {
  const size = thumbnails[0]?.width ?? 1
  const place = (index: number) => gap + index * (size + gap)
  const [width, height] = [place(Math.min(columns, thumbnails.length)), place(Math.ceil(thumbnails.length / columns))]
  const layers = thumbnails.map(({ bytes }, index) => ({
    input: Buffer.from(bytes),
    left: place(index % columns),
    top: place(Math.floor(index / columns)),
  }))
  const paper = sharp({ create: { width, height, channels: 3, background: '#f4f1ea' } })
  return { bytes: await paper.composite(layers).jpeg({ quality: 90 }).toBuffer(), width, height }
}

/** The picture in coloured blocks, two rows of it in a line: a log can show it. */
export async function drawInLog({ bytes }: Sheet, columns: number): Promise<string> {
  const { data, info } = await sharp(bytes).resize({ width: columns }).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const colour = (x: number, y: number): string => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)].join(';')
  const lines: string[] = []
  for (let y = 0; y + 1 < info.height; y += 2) {
    let line = ''
    for (let x = 0; x < info.width; x += 1) line += `\u001b[38;2;${colour(x, y)}m\u001b[48;2;${colour(x, y + 1)}m▀`
    lines.push(`${line}\u001b[0m`)
  }
  return lines.join('\n')
}
