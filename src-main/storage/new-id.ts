import { randomBytes } from 'node:crypto'

export const newMachineId = (): string => `m-${randomBytes(6).toString('hex')}`
export const newClusterId = (): string => `c-${randomBytes(6).toString('hex')}`

/** How names are compared: without case, and letters with marks in one spelling. */
export const comparableName = (name: string): string => name.normalize('NFC').toLowerCase()
