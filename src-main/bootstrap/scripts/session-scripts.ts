import { payloadFolder } from '../paths.ts'
import { quoted, scriptOf } from './shell-text.ts'
import type { BootCommands } from './service-scripts.ts'

/** Processes of a session are known by the folder that stands as `--temp-dir` in their command line. */
export const findRunning = `
# pids whose command line has --temp-dir and this folder as words of their own: daemons, or with "cli" the commands that start and stop them
running() {
  for file in $(grep -lsF -e "$session" /proc/[0-9]*/cmdline 2>/dev/null); do
    words=$({ tr '\\000' '\\n' <"$file"; } 2>/dev/null) || continue
    printf '%s\\n' "$words" | grep -qx -e --temp-dir && printf '%s\\n' "$words" | grep -qxF -e "$session" || continue
    if printf '%s\\n' "$words" | grep -q '/cli[.]mjs$'; then
      if [ "\${1:-}" != cli ] || printf '%s\\n' "$words" | grep -qx -e --block; then continue; fi
    elif [ "\${1:-}" = cli ]; then continue; fi
    pid=\${file#/proc/}; echo "\${pid%/cmdline}"
  done
}
# an earlier try whose link broke may still be at it
settle() {
  tries=0
  while [ -n "$(running cli)" ] && [ "$tries" -lt 60 ]; do [ "$tries" = 0 ] && echo 'waits for an earlier try to end' >&2; sleep 1; tries=$((tries + 1)); done
}`

/** The daemons' environment is theirs alone: what the user's shell says of other clusters does not reach them. */
const plainEnvironment = 'unset SHOAL_ADDRESS SHOAL_TEMP_DIR SHOAL_NODE SHOAL_JOIN_TOKEN SHOAL_API_TOKEN SHOAL_API_ADDRESS RAY_ADDRESS'

/** Puts the token where the start finds it. Over standard input and by a builtin of the shell: no list of processes shows it. */
export const writeJoinToken = (sessionFolder: string, token: string): string =>
  scriptOf(
    { session: sessionFolder },
    `
umask 077
mkdir -p "$session" || exit 1
printf '%s\\n' ${quoted(token)} >"$session/join-token.new" && mv -f "$session/join-token.new" "$session/join-token"`,
  )

export const readJoinToken = (sessionFolder: string): string =>
  scriptOf({ session: sessionFolder }, 'echo "token $(cat "$session/head/join-token")"')

type Start = {
  readonly root: string
  readonly sessionFolder: string
  readonly sha256: string
  readonly isHead: boolean
  readonly flags: readonly string[]
}

/**
 * Starts the node, and on the head's machine the head. What runs there as it should is left alone; what runs otherwise, or only in part, is
 * stopped first. Prints `state running` or `state started`, then one line of JSON for each record: what the daemons wrote of themselves.
 */
export const startNode = ({ root, sessionFolder, sha256, isHead, flags }: Start): string =>
  scriptOf(
    { session: sessionFolder, payload: payloadFolder(root, sha256), hash: sha256, head: isHead ? '' : headOf(flags) },
    `
umask 077
${plainEnvironment}
${findRunning}
is_running() {
  pid=$(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' "$1" 2>/dev/null)
  [ -n "$pid" ] && running | grep -qx "$pid"
}
# the head may have gone elsewhere since
knows_head() { [ -z "$head" ] || { tr '\\000' '\\n' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qxF -e "$head"; }
records() { for file in "$session/head/head.json" "$session/node/node.json"; do [ -f "$file" ] && cat "$file" && echo; done; return 0; }
mkdir -p "$session" || exit 1
settle
if [ ! -x "$payload/bin/node" ]; then echo "there is no payload in $payload" >&2; exit 1; fi
if [ -n "$(running)" ]; then
  old=$(cat "$session/payload" 2>/dev/null)
  if [ "$old" = "$hash" ] && is_running "$session/node/node.json" && knows_head${isHead ? ' && is_running "$session/head/head.json"' : ''}; then
    echo 'state running'; records; exit 0
  fi
  echo 'what ran there in part is stopped first' >&2
  "$payload/bin/shoal" stop --temp-dir "$session" </dev/null >&2 || exit 1
elif [ -d "$session/node" ]; then
  "$payload/bin/shoal" stop --temp-dir "$session" </dev/null >/dev/null 2>&1 # what a lost machine could not put away
fi
printf '%s\\n' "$hash" >"$session/payload" || exit 1
"$payload/bin/shoal" ${startWords({ sessionFolder, isHead, flags }).map(quoted).join(' ')} </dev/null >"$session/start.out" 2>&1
code=$?
if [ "$code" != 0 ]; then
  cat "$session/start.out"; rm -f "$session/start.out"
  for log in head agent; do [ -f "$session/logs/$log.log" ] && { echo "the end of logs/$log.log:"; tail -n 20 "$session/logs/$log.log"; } >&2; done
  exit "$code"
fi
rm -f "$session/start.out"
echo 'state started'; records`,
  )

/** `host:port` that a worker is told to join. */
const headOf = (flags: readonly string[]): string => flags[flags.indexOf('--address') + 1] ?? ''

/** What follows `shoal` on the command line. */
export const startWords = ({ sessionFolder, isHead, flags }: Pick<Start, 'sessionFolder' | 'isHead' | 'flags'>): string[] => [
  'start',
  ...(isHead ? ['--head'] : []),
  '--json',
  '--temp-dir',
  sessionFolder,
  ...flags,
]

/** For the start of the machine. */
export function bootCommands({ root, sessionFolder, sha256, isHead, flags }: Start): BootCommands {
  const shoal = `${payloadFolder(root, sha256)}/bin/shoal`
  const start = [shoal, ...startWords({ sessionFolder, isHead, flags })]
  return { clear: [shoal, 'stop', '--temp-dir', sessionFolder], stay: [...start, '--block'], start }
}

export const showStatus = ({ root, sessionFolder, sha256 }: Pick<Start, 'root' | 'sessionFolder' | 'sha256'>): string =>
  scriptOf(
    { session: sessionFolder, payload: payloadFolder(root, sha256) },
    `${plainEnvironment}\n"$payload/bin/shoal" status --json --temp-dir "$session" </dev/null`,
  )

/** It would start the node again. */
export const stopUnit = (clusterId: string): string => `
unit=\${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/${unitName(clusterId)}
if [ -f "$unit" ]; then
  XDG_RUNTIME_DIR=\${XDG_RUNTIME_DIR:-/run/user/$(id -u)} systemctl --user stop "\${unit##*/}" >/dev/null 2>&1 </dev/null
fi`

/** Of the user's systemd. */
export const unitName = (clusterId: string): string => `shoal-${clusterId}.service`

type Stop = { readonly root: string; readonly sessionFolder: string; readonly hashes: readonly string[]; readonly clusterId: string }

/**
 * Ends all that runs with this folder, by the payload's own command where it is still there, by the processes' command lines where it is not.
 * `hashes`: payloads whose command may be used, the best first. Prints `node ID` of the node that was.
 */
export const stopNode = ({ root, sessionFolder, hashes, clusterId }: Stop): string =>
  scriptOf(
    { root, session: sessionFolder, hashes: hashes.join(' ') },
    `
${plainEnvironment}
${findRunning}
settle
[ -d "$session" ] || { [ -z "$(running)" ] && echo 'state absent' && exit 0; }
sed -n 's/.*"nodeId":"\\([0-9a-f]*\\)".*/node \\1/p' "$session/node/node.json" 2>/dev/null
${stopUnit(clusterId)}
shoal=
for hash in $(cat "$session/payload" 2>/dev/null) $hashes; do
  if [ -z "$shoal" ] && [ -x "$root/runtime/$hash/bin/shoal" ]; then shoal=$root/runtime/$hash/bin/shoal; fi
done
if [ -n "$shoal" ]; then "$shoal" stop --temp-dir "$session" </dev/null; fi
left=$(running)
if [ -n "$left" ]; then
  echo "ended by their pids: $left"
  kill $left 2>/dev/null
  tries=0
  while [ -n "$(running)" ] && [ "$tries" -lt 10 ]; do sleep 1; tries=$((tries + 1)); done
  left=$(running); [ -z "$left" ] || kill -9 $left 2>/dev/null
  sleep 1
fi
left=$(running)
[ -z "$left" ] || { echo "still running: $left" >&2; exit 1; }`,
  )

type Drain = {
  readonly root: string
  readonly sessionFolder: string
  readonly sha256: string
  readonly nodeId: string
  readonly withinMs: number | null
}

/** On the head's machine: asks it to let a node go. */
export const drainNode = ({ root, sessionFolder, sha256, nodeId, withinMs }: Drain): string =>
  scriptOf(
    { session: sessionFolder, payload: payloadFolder(root, sha256), node: nodeId },
    `${plainEnvironment}\n"$payload/bin/shoal" drain "$node" --json --temp-dir "$session"${withinMs === null ? '' : ` --within ${Math.max(1, Math.ceil(withinMs / 1000))}s`} </dev/null`,
  )
