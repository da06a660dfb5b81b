/** One word is a line for the shell; several are one command, each word quoted. */
export const commandLineFrom = (words: readonly string[]): string => (words.length === 1 ? (words[0] ?? '') : words.map(quoted).join(' '))

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)
