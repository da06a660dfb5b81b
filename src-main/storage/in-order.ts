/** Runs what it is given one after the other, in the order it came. One that fails tells its caller, and the next goes on. */
export function inOrder(): <T>(work: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = tail.then(work)
    tail = next.catch(() => {}) // told to who asked
    return next
  }
}
