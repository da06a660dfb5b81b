import type { ClusterError, ErrorCode } from '../../runtime/base/errors.ts'
import type { Finding } from '../contract/machines.ts'
import { wordForSh } from '../ssh/shell-quote.ts'
import { blocker } from './findings-words.ts'

type Words = { id: string; title: string; remedy: string; command?: (place: Place) => string | undefined }
/** Where the connection went, as far as the error says; of a way through a jump host it says too little for a command. */
type Place = { readonly host: string | undefined; readonly port: number; readonly user: string | undefined }

const hostKeyCommand = 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub'

const words: Partial<Record<ErrorCode, Words>> = {
  'ssh.unreachable': {
    id: 'ssh.unreachable',
    title: 'Cannot be reached',
    remedy:
      'See that the machine is on, that its name and port are right, and that no firewall or missing VPN is between. Try: ssh -v HOST',
    command: ({ host, port }) => host && `ssh -v ${portFlag(port)}${wordForSh(host)}`,
  },
  'ssh.auth-failed': {
    id: 'ssh.auth-failed',
    title: 'Does not let us in',
    remedy:
      'See that the user is right, and that the public half of your key is in ~/.ssh/authorized_keys there (ssh-copy-id USER@HOST), or give a password.',
    command: ({ host, port, user }) => host && user && `ssh-copy-id ${portFlag(port)}${wordForSh(`${user}@${host}`)}`,
  },
  'ssh.host-key-unknown': {
    id: 'ssh.host-key-unknown',
    title: 'Its host key is not known',
    remedy: `Compare the fingerprint with what the machine says (${hostKeyCommand}) and accept it.`,
    command: () => hostKeyCommand,
  },
  'ssh.host-key-changed': {
    id: 'ssh.host-key-changed',
    title: 'Its host key has changed',
    remedy: `Somebody may listen in, or the machine was installed anew. Ask its administrator for the fingerprint (${hostKeyCommand}); only if it is the new one, forget the old: ssh-keygen -R HOST`,
    command: () => hostKeyCommand,
  },
  'ssh.incompatible': {
    id: 'ssh.incompatible',
    title: 'Its SSH server speaks another SSH',
    remedy: 'Update the SSH server there, or allow current algorithms in its sshd_config.',
  },
  'ssh.connection-lost': {
    id: 'ssh.connection-lost',
    title: 'The connection broke',
    remedy: 'Try again. If it breaks each time, look at the network between, and at the log of sshd there.',
  },
  'ssh.tunnel-refused': {
    id: 'ssh.tunnel-refused',
    title: 'The jump host does not lead there',
    remedy: 'See that AllowTcpForwarding is on at the jump host, and that it reaches the machine itself.',
  },
  'secrets.locked': {
    id: 'secrets.locked',
    title: 'A password is needed',
    remedy: 'Open the vault, or run this where somebody can be asked for the password.',
  },
  timeout: {
    id: 'timeout',
    title: 'Did not answer in time',
    remedy: 'Something hangs there, such as a network file system: try ssh HOST df, and see whether it returns.',
  },
  'bootstrap.failed': {
    id: 'probe.failed',
    title: 'Could not be looked at',
    remedy: 'See that /bin/sh works there for this user: ssh HOST /bin/sh -c id',
  },
}

/** The one line of a machine that we could not look at. Its detail is what the error says, values and advice included. */
export function findingOfError(error: ClusterError): Finding {
  const known: Words = words[error.code] ?? {
    id: error.code,
    title: 'Could not be looked at',
    remedy: error.retryable ? 'Try again.' : 'See the message.',
  }
  const command = known.command?.(placeOf(error))
  return blocker(known.id.slice(0, 64), known.title, {
    detail: error.message.slice(0, 2_048),
    remedy: known.remedy,
    ...(command && { command }),
  })
}

const portFlag = (port: number): string => (port === 22 ? '' : `-p ${port} `)

function placeOf({ details: { host, port, user, via } }: ClusterError): Place {
  return {
    host: typeof host === 'string' && via === undefined ? host : undefined,
    port: typeof port === 'number' ? port : 22,
    user: typeof user === 'string' ? user : undefined,
  }
}
