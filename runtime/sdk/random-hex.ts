/** `bytes` random bytes as hex text. node:crypto is loaded by the first call, 4 ms: most workers never need it. */
export const randomHex = (bytes: number): string => process.getBuiltinModule('node:crypto').randomBytes(bytes).toString('hex')
