import { ClusterError } from '../../runtime/base/errors.ts'

/** `*` and `**` stand for any letters, `?` for one, `[…]` for one of some. */
export function globPattern(glob: string): RegExp {
  const text = glob.replaceAll(/\*+|\?|\[[^\]]+\]|[^*?[]+|\[/g, (part) => {
    if (part.startsWith('*')) return '.*'
    if (part === '?') return '.'
    if (part.length > 2 && part.startsWith('[')) return `[${part.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`
    return part.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  })
  try {
    return new RegExp(`^${text}$`, 's')
  } catch {
    throw new ClusterError('bad-argument', `${JSON.stringify(glob.slice(0, 200))} is no pattern of file names`)
  }
}
