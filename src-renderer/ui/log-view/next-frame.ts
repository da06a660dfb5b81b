type Page = { readonly requestAnimationFrame?: (run: () => void) => void }

/** Runs it before the page is painted the next time; without a page, soon. */
export function nextFrame(run: () => void): void {
  const page: Page = globalThis
  if (page.requestAnimationFrame) page.requestAnimationFrame(run)
  else setTimeout(run, 16)
}
