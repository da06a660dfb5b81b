import { createHash } from 'node:crypto'
import { scriptOf } from './shell-text.ts'
import { pruneBody } from './payload-scripts.ts'

type Removal = {
  readonly root: string
  readonly sessionFolder: string
  readonly nodeIds: readonly string[]
  /** Payloads that go too when no other session names them. */
  readonly hashes: readonly string[]
  readonly machineId: string
}

const hashOf = (text: string, digits: number): string => createHash('sha256').update(text).digest('hex').slice(0, digits)

/**
 * Deletes what a stopped session leaves: its folder, sockets, shared memory, its entry among the known ones, payloads that nobody else uses,
 * and the folders above that are empty then. Prints a line `removed KIND BYTES PATH` for each.
 */
export const removeSession = ({ root, sessionFolder, nodeIds, hashes, machineId }: Removal): string =>
  scriptOf(
    {
      root,
      session: sessionFolder,
      nodes: nodeIds.map((id) => id.slice(0, 24)).join(' '),
      hashes: hashes.join(' '),
      machine: machineId,
      sockets: hashOf(sessionFolder, 12),
      known: hashOf(sessionFolder, 16),
    },
    `
uid=$(id -u)
temp=\${TMPDIR:-/tmp}
remove() { # KIND PATH
  [ -e "$2" ] || [ -h "$2" ] || return 0
  size=$(du -sk "$2" 2>/dev/null | cut -f1)
  rm -rf "$2" || { echo "$2 could not be deleted" >&2; failed=1; return 0; }
  echo "removed $1 $((\${size:-0} * 1024)) $2"
}
empty() { rmdir "$1" 2>/dev/null && echo "removed folder 0 $1"; return 0; }
failed=
nodes="$nodes $(sed -n 's/.*"nodeId":"\\([0-9a-f]\\{24\\}\\).*/\\1/p' "$session/node/node.json" 2>/dev/null)" # of one that was killed
remove session "$session"
remove socket "/tmp/shoal-$uid-s-$sockets"
remove ray "/tmp/shoal-$uid-r-$sockets"
for node in $nodes; do remove shared-memory "/dev/shm/shoal-$uid-$node"; done
remove known "$temp/shoal-$uid/known/$known"
empty "$temp/shoal-$uid/known"
empty "$temp/shoal-$uid"
cluster=\${session%/*}
empty "$cluster"
empty "$root/clusters"
${pruneBody}
for hash in $hashes; do
  for left in "$root/runtime/.$hash.$machine".[0-9]* "$root/runtime/.$hash.$machine.tar.gz" "$root/runtime/.$hash.$machine.tar.gz".*; do remove archive "$left"; done
done
empty "$root/runtime"
if [ -f "$root/.made-by-shoal" ] && [ "$(ls -A "$root")" = .made-by-shoal ]; then rm -f "$root/.made-by-shoal"; empty "$root"; fi
[ -z "$failed" ]`,
  )

export type Removed = { readonly kind: string; readonly sizeBytes: number; readonly path: string }

/** The lines of a script above that say what went. */
export const readRemoved = (output: string): Removed[] =>
  output.split('\n').flatMap((line) => {
    const [, kind, size, path] = /^removed (\S+) (\d+) (.+)$/.exec(line) ?? []
    return kind === undefined || path === undefined ? [] : [{ kind, sizeBytes: Number(size), path }]
  })
