import { fileURLToPath } from 'node:url'

/** The repository's folder, with a slash at its end, wherever the command was started from. */
export const repository = fileURLToPath(new URL('..', import.meta.url))
