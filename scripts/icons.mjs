import { chromium } from '@playwright/test'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { repository } from './repository.mjs'

// `node scripts/icons.mjs`: draws the icons of the desktop app anew from the mark of the page, which is the one to edit. They are kept in the
// repository, as not everybody who builds has a browser. CHROMIUM_PATH names one that is elsewhere.
const mark = readFileSync(join(repository, 'src-renderer', 'public', 'icon.svg'), 'utf8')
/** What macOS colours itself: the drawing alone, without its ground. */
const outline = mark
  .replace(/<rect[^>]*>/, '')
  .replaceAll('#fff', '#000')
  .replaceAll('stroke-width="2.6"', 'stroke-width="3"')

const icons = [
  ...[16, 32, 48, 64, 128, 256, 512].map((size) => ({ file: `build/icons/${size}x${size}.png`, svg: mark, size })),
  { file: 'build/icon.png', svg: mark, size: 1024 },
  { file: 'src-main/electron/icons/app.png', svg: mark, size: 256 },
  ...[1, 2].flatMap((scale) => {
    const at = scale === 1 ? '' : `@${scale}x`
    return [
      { file: `src-main/electron/icons/tray${at}.png`, svg: mark, size: 24 * scale },
      { file: `src-main/electron/icons/trayTemplate${at}.png`, svg: outline, size: 18 * scale },
    ]
  }),
]

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage()
for (const { file, svg, size } of icons) {
  await page.setViewportSize({ width: size, height: size })
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`)
  const path = join(repository, file)
  mkdirSync(dirname(path), { recursive: true })
  await page.screenshot({ path, omitBackground: true })
}
await browser.close()
console.log(`${icons.length} icons`)
