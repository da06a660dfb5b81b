/** Work that could go on for ever gives the event loop a turn this often, so that cancels and new work are heard. */
export const turnMs = 2

/** Settles when the event loop has looked at its sockets. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
