import type { Flags } from '../../runtime/cli/command.ts'

export const jsonFlag = { json: { help: 'print JSON for programs' } } as const satisfies Flags

export const vaultFlag = {
  'vault-passphrase-file': { value: 'FILE', help: 'whose first line is the passphrase of the vault; readable by you alone (chmod 600)' },
} as const satisfies Flags

/** Of every command that goes to a machine: what to answer where nobody can be asked. */
export const sshFlags = {
  'accept-new-host-keys': {
    help: 'take the host key of a machine that was never seen; its fingerprint is printed. A changed key never passes',
  },
  'password-file': { value: 'FILE', help: 'whose first line is the password of the machines; readable by you alone (chmod 600)' },
  'passphrase-file': { value: 'FILE', help: 'the same for the passphrase of private keys' },
  'token-file': {
    value: 'FILE',
    help: 'the same for the token of a Ray head. Default: RAY_AUTH_TOKEN, else the file of RAY_AUTH_TOKEN_PATH',
  },
  ...vaultFlag,
} as const satisfies Flags

/** Of commands that start long work. */
export const operationFlags = {
  verbose: { help: 'print each step with its command and its log' },
} as const satisfies Flags
