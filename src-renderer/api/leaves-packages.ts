/** Whether ignore files, as texts in that order, leave the packages of npm out. A rule that is not plainly about them is left to the host. */
export function leavesPackages(ignoreFiles: readonly string[]): boolean {
  const rules = ignoreFiles.flatMap((text) => [...text.matchAll(/^(!?)(?:\*\*)?\/?node_modules\/?\s*$/gm)])
  return rules.at(-1)?.[1] === ''
}
