// A program for the tests: takes the lock of a folder, says so, and holds it until it is ended. With `--race` it lets go after a moment.
import { openDataFolder } from '#src-main/storage/data-folder.ts'

const [path = '', mode = ''] = process.argv.slice(2)
try {
  const folder = await openDataFolder(path)
  const fromMs = performance.timeOrigin + performance.now()
  process.stdout.write(`held ${fromMs}\n`)
  if (mode === '--race') {
    await new Promise((resolve) => setTimeout(resolve, 60))
    process.stdout.write(`until ${performance.timeOrigin + performance.now()}\n`)
    await folder.close()
  } else setInterval(() => {}, 1_000)
} catch (error) {
  process.stdout.write(`refused ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}\n`)
}
