import { lacksPackages, leavesPackages } from './leaves-packages.ts'
import { panel } from './panel.ts'

export type ChosenFile = { readonly path: string; readonly file: File }
export type ChosenFolder = {
  readonly name: string
  readonly files: readonly ChosenFile[]
  readonly totalBytes: number
  /** Its `package.json` names packages of npm, and none of them goes along. */
  readonly lacksPackages: boolean
}

/** Of one message; the panel takes 4 MiB. */
const pieceBytes = 2 * 1024 * 1024
/** What never goes along. The host leaves out what ignore files name; of that only packages are many enough to be left here. */
const neverSent = ['.git', '__pycache__', '.venv', 'venv', '.DS_Store']
const mostFiles = 100_000

type IsSkipped = (path: string) => boolean
const skipper = (ignoreFiles: readonly string[]): IsSkipped => {
  const skipped = new Set(leavesPackages(ignoreFiles) ? [...neverSent, 'node_modules'] : neverSent)
  return (path) => path.split('/').some((part) => skipped.has(part))
}

/** Of the folder itself, the one that has the last word at the end. */
const ignoreFileNames = ['.gitignore', '.rayignore'] as const

/** From an `<input type="file" webkitdirectory>`. The first part of each path is the folder's own name. */
export async function folderOfInput(list: FileList): Promise<ChosenFolder | undefined> {
  const all = [...list].map((file) => ({ file, path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath }))
  const name = all[0]?.path.split('/')[0]
  if (name === undefined) return undefined
  const files = all.map(({ file, path }) => ({ file, path: path.includes('/') ? path.slice(path.indexOf('/') + 1) : path }))
  const texts = await Promise.all(ignoreFileNames.map((wanted) => files.find(({ path }) => path === wanted)?.file.text() ?? ''))
  const isSkipped = skipper(texts)
  return chosen(
    name,
    files.filter(({ path }) => !isSkipped(path)),
  )
}

/**
 * What was dragged in: one folder, or files that lie beside each other.
 * @throws Error for more than 100,000 files
 */
export async function folderOfDrop(items: DataTransferItemList): Promise<ChosenFolder | undefined> {
  // Entries must be taken in this very tick: the list is empty after it.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  const [first] = entries
  if (first === undefined) return undefined
  const files: ChosenFile[] = []
  const isOneFolder = entries.length === 1 && first.isDirectory
  const isSkipped = skipper(await Promise.all(ignoreFileNames.map((wanted) => textIn(isFolder(first) ? first : undefined, wanted))))
  for (const entry of entries) await walk(entry, { prefix: '', files, isTop: isOneFolder, isSkipped })
  return chosen(isOneFolder ? first.name : 'files', files)
}

/** Empty when there is no such file. */
const textIn = (folder: FileSystemDirectoryEntry | undefined, name: string): Promise<string> =>
  new Promise((resolve) => {
    if (folder === undefined) return resolve('')
    const read = (entry: FileSystemEntry) =>
      isFile(entry)
        ? entry.file(
            (file) => resolve(file.text()),
            () => resolve(''),
          )
        : resolve('')
    folder.getFile(name, {}, read, () => resolve(''))
  })

type Walk = { readonly prefix: string; readonly files: ChosenFile[]; readonly isTop: boolean; readonly isSkipped: IsSkipped }

async function walk(entry: FileSystemEntry, { prefix, files, isTop, isSkipped }: Walk): Promise<void> {
  if (isSkipped(entry.name)) return
  if (files.length > mostFiles) throw new Error(`there are more than ${mostFiles} files in it; take a smaller folder`)
  const path = isTop ? '' : `${prefix}${entry.name}`
  if (isFile(entry)) files.push({ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) })
  if (isFolder(entry)) {
    const reader = entry.createReader()
    for (;;) {
      const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject)) // a hundred at a time
      if (part.length === 0) return
      for (const each of part) await walk(each, { prefix: isTop ? '' : `${path}/`, files, isTop: false, isSkipped })
    }
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

async function chosen(name: string, files: readonly ChosenFile[]): Promise<ChosenFolder> {
  const named = (await files.find(({ path }) => path === 'package.json')?.file.text()) ?? ''
  const lacks = lacksPackages(
    named,
    files.map(({ path }) => path),
  )
  return { name, files, totalBytes: files.reduce((sum, { file }) => sum + file.size, 0), lacksPackages: lacks }
}

/**
 * Sends a folder to the panel's host, which keeps it until a job takes it.
 * @returns its id for `jobs.submit`
 * @throws PanelError; what came is thrown away then, and when `signal` aborts
 */
export async function sendFolder(folder: ChosenFolder, onSent: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const { name, files, totalBytes } = folder
  const { uploadId } = await panel.call('uploads.begin', { name, files: files.length, totalBytes }, signal)
  let sent = 0
  try {
    for (const { path, file } of files) {
      let offset = 0
      do {
        const piece = file.slice(offset, offset + pieceBytes)
        const data = await base64Of(piece)
        const isLast = offset + piece.size >= file.size
        await panel.call('uploads.write', { uploadId, path, offset, data, isLast }, signal)
        offset += piece.size
        sent += piece.size
        onSent(sent)
      } while (offset < file.size)
    }
    return uploadId
  } catch (error) {
    await panel.call('uploads.cancel', { uploadId }).catch(() => {}) // it goes by itself after a while
    throw error
  }
}

function base64Of(piece: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onerror = () => reject(reader.error ?? new Error('a file cannot be read'))
    reader.onload = () => resolve(String(reader.result).slice(String(reader.result).indexOf(',') + 1))
    reader.readAsDataURL(piece)
  })
}
