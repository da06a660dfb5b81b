/** Whether ignore files, as texts in that order, leave the packages of npm out. A rule that is not plainly about them is left to the host. */
export function leavesPackages(ignoreFiles: readonly string[]): boolean {
  const rules = ignoreFiles.flatMap((text) => [...text.matchAll(/^(!?)(?:\*\*)?\/?node_modules\/?\s*$/gm)])
  return rules.at(-1)?.[1] === ''
}

/** Whether a `package.json`, as text, names packages of npm while none is among the paths of its folder. */
export function lacksPackages(packageJson: string, paths: readonly string[]): boolean {
  try {
    const { dependencies } = JSON.parse(packageJson) as { dependencies?: object } // whatever it is, the line below takes it
    return Object.keys(dependencies ?? {}).length > 0 && !paths.some((path) => path.startsWith('node_modules/'))
  } catch {
    return false // there is none, or the job will say what it thinks of it
  }
}
