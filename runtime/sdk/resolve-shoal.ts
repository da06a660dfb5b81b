import { provideShoal } from './provide-shoal.ts'

// For `node --import …/resolve-shoal.mjs program.ts`: a program on a machine that has only the payload finds `shoal`.
provideShoal('when-missing')
