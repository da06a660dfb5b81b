/** What a host of the bed is, and what is wrong with it. Whatever is left out is as on a plain Debian server. */
export type HostQuirks = {
  readonly name: string
  /** On the network behind the jump host alone; needs `jump: true`. */
  readonly behindJump?: boolean
  /** On both networks, as the jump host is. */
  readonly bothNetworks?: boolean
  /** No curl, wget, python3, perl, nc or busybox. */
  readonly bare?: boolean
  /** Further programs of /usr/bin that it has not. */
  readonly without?: readonly string[]
  /** The home folder is a file system with 64 KB left. */
  readonly fullDisk?: boolean
  readonly readOnlyHome?: boolean
  readonly noexecHome?: boolean
  readonly noShm?: boolean
  /** @default 1 GiB */
  readonly shmBytes?: number
  /** `/tmp` has 1 MB. */
  readonly smallTmp?: boolean
  /** What tells of the C library (ldd, getconf, the loaders in /lib) speaks of musl. The programs are still those of glibc. */
  readonly musl?: boolean
  /** What `uname -m` says. The processor stays what it is. */
  readonly arch?: string
  /** What `date` says is off by so much; the kernel's clock cannot be set for one host. */
  readonly clockOffMs?: number
  /** `.bashrc` and `.profile` print lines on both outputs. */
  readonly noisyShell?: boolean
  /** Login shell. @default /bin/bash */
  readonly shell?: string
  /** Password (method `password`, by PAM) in place of the key. */
  readonly password?: string
  /** The password is asked by `keyboard-interactive` instead. */
  readonly keyboardInteractive?: boolean
  /** The bed's key is not among the authorized ones. */
  readonly refuseKey?: boolean
  /** A real cron runs; without, there is no crontab command. Needs the package `cron` here. */
  readonly cron?: boolean
  /** Further lines of its sshd_config, before all others. */
  readonly sshdConfig?: string
  /** Files of root, such as a stand-in for `nvidia-smi` at `/usr/bin/nvidia-smi`. Path → text; those below bin folders are executable. */
  readonly files?: Readonly<Record<string, string>>
}

export const bedUser = { name: 'user', uid: 12_345, home: '/home/user' } as const
