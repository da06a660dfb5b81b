/**
 * Whether `glob` fits the whole of a relative path: `*` and `?` stay inside one part, `[abc]` and `[!a-z]` are one letter, `**` is any
 * number of parts. Time grows with the product of both lengths at most, whatever the pattern.
 */
export function matchGlob(glob: string, path: string): boolean {
  return matchParts(glob.split('/'), path.split('/'), { atGlob: 0, atPath: 0 })
}

/** Whether a path could be below a glob: relative, and no part that leads upwards. */
export const isRelativeGlob = (glob: string): boolean => !glob.startsWith('/') && !glob.split('/').includes('..') && !glob.includes('\0')

function matchParts(globs: readonly string[], parts: readonly string[], at: { atGlob: number; atPath: number }): boolean {
  let { atGlob, atPath } = at
  let resumeGlob = -1
  let resumePath = -1
  while (atPath < parts.length) {
    const glob = globs[atGlob]
    if (glob === '**') {
      resumeGlob = atGlob + 1
      resumePath = atPath
      atGlob += 1
    } else if (glob !== undefined && matchPart(glob, parts[atPath] ?? '')) {
      atGlob += 1
      atPath += 1
    } else if (resumeGlob >= 0) {
      resumePath += 1
      atGlob = resumeGlob
      atPath = resumePath
    } else return false
  }
  while (globs[atGlob] === '**') atGlob += 1
  return atGlob === globs.length
}

/** The same with letters: on a misfit only the last `*` takes one letter more. */
function matchPart(glob: string, text: string): boolean {
  let atGlob = 0
  let atText = 0
  let resumeGlob = -1
  let resumeText = -1
  while (atText < text.length) {
    if (glob[atGlob] === '*') {
      resumeGlob = atGlob + 1
      resumeText = atText
      atGlob += 1
      continue
    }
    const end = matchLetter(glob, atGlob, text.charAt(atText))
    if (end > 0) {
      atGlob = end
      atText += 1
    } else if (resumeGlob >= 0) {
      resumeText += 1
      atGlob = resumeGlob
      atText = resumeText
    } else return false
  }
  while (glob[atGlob] === '*') atGlob += 1
  return atGlob === glob.length
}

/** Where the glob goes on behind what fits this letter; 0: it does not fit. */
function matchLetter(glob: string, at: number, letter: string): number {
  const sign = glob[at]
  if (sign === undefined) return 0
  if (sign === '?') return at + 1
  const close = sign === '[' ? glob.indexOf(']', at + 2) : -1
  if (close < 0) return sign === letter ? at + 1 : 0
  const isNegated = glob[at + 1] === '!' || glob[at + 1] === '^'
  const set = glob.slice(at + (isNegated ? 2 : 1), close)
  return isInSet(set, letter) !== isNegated ? close + 1 : 0
}

function isInSet(set: string, letter: string): boolean {
  for (let at = 0; at < set.length; at += 1) {
    const isRange = set[at + 1] === '-' && at + 2 < set.length
    if (isRange) {
      if (letter >= set.charAt(at) && letter <= set.charAt(at + 2)) return true
      at += 2
    } else if (set[at] === letter) return true
  }
  return false
}
