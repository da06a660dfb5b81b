/** Programs that run the file that is named first behind them. */
const interpreters = /^(python[\d.]*|node|tsx|bun|bash|sh|zsh|ruby|perl|Rscript|julia|torchrun)$/
/** Words behind which a shell begins another command, or does what this does not look at. */
const shellWords = /[|&;<>()`$*?[\]{}~#\n]/

/**
 * The file of its folder that a command line runs first, as `main.py` of `python -u main.py --steps 3`; undefined where that cannot be told
 * for sure.
 */
export function findEntryFile(commandLine: string): string | undefined {
  const words = commandLine.trim().split(/\s+/)
  while (/^[A-Za-z_]\w*=/.test(words[0] ?? '')) words.shift() // variables for the command
  const [program = '', ...args] = words
  if (isFile(program) && program.includes('/')) return inFolder(program)
  if (!interpreters.test(program)) return undefined
  for (const [at, word] of args.entries()) {
    if (word === '-m' || word === '-c' || word === '-e' || word === '--eval') return undefined // no file comes
    if (word.startsWith('-')) continue
    const before = args[at - 1]
    const mayBelongToFlag = before?.startsWith('-') === true && !before.includes('=') && !/\.\w+$/.test(word)
    if (mayBelongToFlag) continue
    return isFile(word) ? inFolder(word) : undefined
  }
  return undefined
}

const isFile = (word: string): boolean =>
  word !== '' && !shellWords.test(word) && !/['"\\]/.test(word) && (/\.\w+$/.test(word) || word.startsWith('./'))

/** Without `./`; undefined for a file that lies elsewhere. */
function inFolder(word: string): string | undefined {
  const path = word.replace(/^(\.\/)+/, '')
  return path.startsWith('/') || path.split('/').includes('..') ? undefined : path
}
