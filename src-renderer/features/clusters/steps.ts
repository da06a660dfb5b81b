export const buildSteps = ['hosts', 'check', 'settings', 'plan'] as const
export type BuildStep = (typeof buildSteps)[number]
