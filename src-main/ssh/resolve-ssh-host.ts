import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir, hostname, userInfo } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { ClusterError, toError } from '../../runtime/base/errors.ts'
import type { SshTarget } from './host-connection.ts'
import { computeSshConfig } from './ssh-config.ts'

const run = promisify(execFile)

/** What a person said; it wins over the config file. */
export type ExplicitHost = {
  readonly user?: string | undefined
  readonly port?: number | undefined
  /** Empty: none. */
  readonly keyFiles?: readonly string[] | undefined
  /** `user@host:port` or aliases, the nearest to us first; empty: straight there. */
  readonly jump?: readonly string[] | undefined
}
export type ResolvedHost = Omit<SshTarget, 'name' | 'ways'>
export type ResolveOptions = {
  /** @default ~/.ssh/config, and the system's where ssh reads it */
  readonly configFile?: string
  /** Null: do without. @default `ssh` of the PATH */
  readonly sshProgram?: string | null
}

const maxHops = 8
const usualKeys = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk', 'id_xmss', 'id_dsa']
const allWays: SshTarget['ways'] = new Set(['agent', 'key', 'password', 'keyboard-interactive'])

/**
 * Where an alias leads, and with which keys and hops: as `ssh -G` says, or by reading the config file where there is no ssh.
 *
 * @throws ClusterError `bad-argument` for a name that is none or a config that cannot be read, `not-supported` for ProxyCommand
 */
export function resolveSshHost(alias: string, explicit: ExplicitHost = {}, options: ResolveOptions = {}): Promise<ResolvedHost> {
  return new Resolver(options).resolve(alias, explicit, 0)
}

/** `[user@]host[:port]`, also as `ssh://…`; an IPv6 address with a port stands in square brackets. */
export function parseHop(text: string): { host: string; user: string | undefined; port: number | undefined } {
  const found =
    /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:@[\]]+)|((?:[0-9A-Fa-f]*:){2,}[0-9A-Fa-f:.]*))(?::(\d{1,5}))?\/?$/.exec(
      text.trim(),
    )
  const [, user, bracketed, plain, bare, digits] = found ?? []
  const host = bracketed ?? plain ?? bare
  const port = digits === undefined ? undefined : Number(digits)
  if (host === undefined || (port !== undefined && (port < 1 || port > 65_535))) {
    throw new ClusterError('bad-argument', `"${text}" is no jump host. Write user@host:port, or an alias of ~/.ssh/config.`)
  }
  return { host, user, port }
}

class Resolver {
  readonly #options: ResolveOptions
  constructor(options: ResolveOptions) {
    this.#options = options
  }

  async resolve(alias: string, explicit: ExplicitHost, depth: number): Promise<ResolvedHost> {
    checkName(alias, 'host')
    if (explicit.user !== undefined) checkName(explicit.user, 'user')
    if (depth > maxHops)
      throw new ClusterError(
        'bad-argument',
        `the jump hosts of ${alias} lead in a circle, or are more than ${maxHops}. Correct ProxyJump in ~/.ssh/config.`,
      )
    const said = await this.#ask(alias, explicit)
    const one = (name: string): string | undefined => said.get(name)?.[0]
    const host = (one('hostname') ?? alias).replaceAll(/%[h%]/g, (token) => (token === '%%' ? '%' : alias))
    const port = explicit.port ?? Number(one('port') ?? 22)
    const user = explicit.user ?? one('user') ?? userInfo().username
    const expand = expander({ alias, host, port, user })
    const hostKeyAlias = one('hostkeyalias')
    return {
      host,
      port,
      user,
      ...(hostKeyAlias === undefined ? {} : { hostKeyAlias: expand(hostKeyAlias) }),
      keyFiles: explicit.keyFiles?.map(expand) ?? keyFilesOf(said.get('identityfile'), expand),
      agentSocket: agentOf(one('identityagent'), expand),
      isAgentLimitedToKeyFiles: one('identitiesonly') === 'yes',
      knownHostsFiles: (said.get('userknownhostsfile') ?? [])
        .flatMap((files) => files.split(/\s+/))
        .filter(isSet)
        .map(expand),
      jump: await this.#jump({ alias, explicit: explicit.jump, proxyJump: one('proxyjump'), proxyCommand: one('proxycommand') }, depth),
    }
  }

  async #jump(
    said: { alias: string; explicit: readonly string[] | undefined; proxyJump: string | undefined; proxyCommand: string | undefined },
    depth: number,
  ): Promise<SshTarget[]> {
    if (!said.explicit && isSet(said.proxyCommand) && !isSet(said.proxyJump)) {
      throw new ClusterError(
        'not-supported',
        `~/.ssh/config reaches ${said.alias} by a ProxyCommand, which is not served here. Write ProxyJump with the jump host's name in its place, or name the jump host with this machine.`,
      )
    }
    const hops = said.explicit ?? (isSet(said.proxyJump) ? said.proxyJump.split(',') : [])
    if (hops.length > maxHops)
      throw new ClusterError('bad-argument', `${said.alias} lies behind ${hops.length} jump hosts; ${maxHops} is the limit`)
    const targets: SshTarget[] = []
    for (const [index, hop] of hops.entries()) {
      const { host, user, port } = parseHop(hop)
      // Only the first hop goes its own way, as in ssh; the others are reached through the one before.
      const own = await this.resolve(host, { user, port, ...(index > 0 ? { jump: [] } : {}) }, depth + 1)
      targets.push(...own.jump, { ...own, jump: [], name: hop.trim(), ways: allWays })
    }
    return targets
  }

  async #ask(alias: string, explicit: ExplicitHost): Promise<Map<string, string[]>> {
    const program = this.#options.sshProgram === undefined ? 'ssh' : this.#options.sshProgram
    const file = this.#options.configFile ?? join(homedir(), '.ssh', 'config')
    if (program === null) return computeSshConfig(file, { alias, user: explicit.user })
    const args = ['-G']
    if (this.#options.configFile !== undefined) args.push('-F', this.#options.configFile)
    if (explicit.user !== undefined) args.push('-l', explicit.user)
    if (explicit.port !== undefined) args.push('-p', String(explicit.port))
    try {
      const { stdout } = await run(program, [...args, '--', alias], { timeout: 10_000, maxBuffer: 1024 * 1024 })
      return parseSettings(stdout)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        return computeSshConfig(file, { alias, user: explicit.user })
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : toError(error).message
      throw new ClusterError('bad-argument', `ssh does not accept ${alias} or its config: ${said.slice(0, 500)}. Correct it there.`, {
        cause: error,
      })
    }
  }
}

function parseSettings(text: string): Map<string, string[]> {
  const settings = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [, name, value] = /^(\S+) (.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    settings.set(name, [...(settings.get(name) ?? []), value])
  }
  return settings
}

/** Keys that ssh would try anyway are left out where they are not there; others are kept, so that a wrong path is noticed. */
function keyFilesOf(said: readonly string[] | undefined, expand: (text: string) => string): string[] {
  const files = (said ?? usualKeys.map((name) => `~/.ssh/${name}`)).filter(isSet).map(expand)
  const folder = join(homedir(), '.ssh')
  return files.filter((file) => !(usualKeys.includes(basename(file)) && file.startsWith(`${folder}/`)) || existsSync(file))
}

function agentOf(said: string | undefined, expand: (text: string) => string): string | undefined {
  if (said?.toLowerCase() === 'none') return undefined
  if (said !== undefined && said !== 'SSH_AUTH_SOCK') return expand(said) || undefined
  const socket = process.env['SSH_AUTH_SOCK']
  if (socket) return socket
  return process.platform === 'win32' ? '\\\\.\\pipe\\openssh-ssh-agent' : undefined
}

/** `~`, `%` tokens and `${…}` of the environment, as ssh expands them in names of files. */
function expander(at: { alias: string; host: string; port: number; user: string }): (text: string) => string {
  const tokens: Readonly<Record<string, string | undefined>> = {
    '%': '%',
    d: homedir(),
    h: at.host,
    i: String(process.getuid?.() ?? 0),
    k: at.alias,
    L: hostname().split('.')[0] ?? '',
    l: hostname(),
    n: at.alias,
    p: String(at.port),
    r: at.user,
    u: userInfo().username,
  }
  return (text) =>
    text
      .replace(/^"(.*)"$/, '$1')
      .replace(/^~(?=\/|$)/, homedir())
      .replaceAll(/%([%a-zA-Z])/g, (whole, letter: string) => tokens[letter] ?? whole)
      .replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => process.env[name] ?? '')
      .replace(/^\$(\w+)$/, (_whole, name: string) => process.env[name] ?? '')
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '' && value.toLowerCase() !== 'none'

function checkName(text: string, what: 'host' | 'user'): void {
  // A leading dash would be read as an option, and nothing else than letters can be wanted in a name that a command gets.
  if (/^[A-Za-z0-9_[:][A-Za-z0-9_.:%@\\[\]$-]*$/.test(text) && text.length <= 255) return
  throw new ClusterError('bad-argument', `"${text.slice(0, 80)}" is no name of a ${what}: letters, digits and . _ - : are. Correct it.`)
}
