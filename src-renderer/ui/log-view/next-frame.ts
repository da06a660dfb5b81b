type Page = { readonly requestAnimationFrame?: (run: () => void) => void }

/** Runs it before the page is painted the next time; without a page, soon. */
export function nextFrame(run: () => void): void {
  const page = globalThis as Page // a worker and Node have no frames, and each has types of its own
  if (page.requestAnimationFrame) page.requestAnimationFrame(run)
  else setTimeout(run, 16)
}
