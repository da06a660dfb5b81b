/** Whether a name is what a pattern such as `gpu*` stands for; without a star, whether it is the same. Case counts for nothing. */
export function isLike(name: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`, 'iu').test(name)
}
