import type { Duplex } from 'node:stream'

/** Everything that is needed to reach one host; what a person left out is filled in already. */
export type SshTarget = {
  /** For messages, such as the machine's name. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly user: string
  /** Under which name the host key is kept. @default host */
  readonly hostKeyAlias?: string
  /** Private keys to try, in order. Those that do not exist are passed over. */
  readonly keyFiles: readonly string[]
  /** Socket of an ssh-agent; undefined: none is asked. */
  readonly agentSocket: string | undefined
  /** Of the agent's keys only those of `keyFiles` are offered, as `IdentitiesOnly` says. @default false */
  readonly isAgentLimitedToKeyFiles?: boolean
  /** Read for its host key beside the ones of the panel, as `UserKnownHostsFile` says. */
  readonly knownHostsFiles?: readonly string[]
  readonly ways: ReadonlySet<'agent' | 'key' | 'password' | 'keyboard-interactive'>
  /** Hops on the way there, the one nearest to us first. */
  readonly jump: readonly SshTarget[]
}

/** What a connection may have to ask a person or a store of secrets. Undefined as an answer: there is none, try the next way. */
export type Questions = {
  /** A host whose key is not known. True: accept it and write it down. */
  acceptHostKey(question: { target: SshTarget; keyType: string; fingerprint: string }): Promise<boolean>
  /** `attempt` is 0 at first, and grows when the last answer was wrong. */
  password(question: { target: SshTarget; attempt: number }): Promise<string | undefined>
  passphrase(question: { target: SshTarget; keyFile: string; attempt: number }): Promise<string | undefined>
  keyboardInteractive(question: {
    target: SshTarget
    name: string
    instructions: string
    prompts: readonly { readonly prompt: string; readonly isEchoed: boolean }[]
  }): Promise<readonly string[] | undefined>
}

export type ExecOptions = {
  readonly stdin?: string | Uint8Array | NodeJS.ReadableStream
  readonly signal?: AbortSignal
  /** @default none */
  readonly timeoutMs?: number
  /** Of each of the two outputs; the rest is read and thrown away, and `isTruncated` says so. @default 4 MiB */
  readonly maxOutputBytes?: number
  /** Each whole line of either output as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

export type ExecResult = {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly isTruncated: boolean
}

export type UploadOptions = {
  /** Of the whole file, hex. What lies there with another sum is sent again; what lies there with this one is left as it is. */
  readonly sha256: string
  readonly sizeBytes: number
  /** @default 0o600 */
  readonly mode?: number
  /** Tells uploads apart that may write to one folder at once, as homes on NFS do. The same key resumes what it began. @default the host */
  readonly partKey?: string
  readonly signal?: AbortSignal
  /** Bytes that are there; the first call says how many were there already. */
  readonly onProgress?: (doneBytes: number) => void
}

export type ShellOptions = {
  readonly cols: number
  readonly rows: number
  readonly term?: string
  /** Run in place of the login shell. */
  readonly command?: string
}

/** A terminal on a host. `output` is held back while nobody reads. */
export type ShellSession = {
  readonly output: NodeJS.ReadableStream
  write(data: string | Uint8Array): void
  resize(cols: number, rows: number): void
  /** Resolves when it has ended; `code` is null when a signal or a broken link ended it. */
  readonly ended: Promise<{ code: number | null; signal: string | null }>
  close(): void
}

/**
 * One connection to one host, with all its channels. Everything throws ClusterError: `ssh.connection-lost` when the link breaks
 * underneath, `timeout`, `link.closed` when `signal` fires.
 */
export type HostConnection = {
  readonly target: SshTarget
  /** Runs a command line in the user's shell there. Its exit code is a result, not an error. */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>
  /** Runs a script with `/bin/sh`, whatever shell the user has; arguments are `$1` and on. The script goes over standard input, so no process list shows it. */
  script(text: string, args?: readonly string[], options?: Omit<ExecOptions, 'stdin'>): Promise<ExecResult>
  /**
   * Brings a file of this computer there: into a part file beside it, from where an earlier try ended, then under its name in one move.
   * @throws ClusterError `ssh.upload-failed` naming the cause there (disk full, read-only, …)
   */
  upload(localPath: string, remotePath: string, options: UploadOptions): Promise<void>
  /** A TCP connection from that host to an address as it sees it. @throws ClusterError `ssh.tunnel-refused` */
  openTunnel(host: string, port: number): Promise<Duplex>
  openShell(options: ShellOptions): Promise<ShellSession>
  /** Resolves once it is closed, with why; null when we closed it. */
  readonly closed: Promise<Error | null>
  close(): void
}
