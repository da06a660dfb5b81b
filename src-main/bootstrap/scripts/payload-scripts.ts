import { archiveFile, payloadFolder } from '../paths.ts'
import { scriptOf } from './shell-text.ts'

/**
 * Checks every file against SHA256SUMS, then takes the place. The payload's own Node does it: it hashes five times as fast as sha256sum,
 * which the machine need not have, and it has a rename that fails where the place is taken. No quotes of the other kind may stand in here.
 */
const takePlaceProgram = `
const fs = require("fs"), crypto = require("crypto")
const [from, to] = process.argv.slice(1)
const bad = []
for (const line of fs.readFileSync(from + "/SHA256SUMS", "utf8").split("\\n")) {
  const [sum, name] = [line.slice(0, 64), line.slice(66)]
  if (name === "") continue
  try {
    if (crypto.createHash("sha256").update(fs.readFileSync(from + "/" + name)).digest("hex") !== sum) bad.push(name)
  } catch (error) { bad.push(name + " (" + error.code + ")") }
}
if (bad.length > 0) { console.error("not what SHA256SUMS says: " + bad.slice(0, 10).join(", ")); process.exit(1) }
try { fs.renameSync(from, to) } catch (error) { if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error }
`

type Place = { readonly root: string; readonly sha256: string; readonly machineId: string }

/** Is it there already? Says `there` or `missing`; makes the folders it will lie in. */
export const findPayload = ({ root, sha256, machineId }: Place): string =>
  scriptOf(
    { root, payload: payloadFolder(root, sha256), archive: archiveFile(root, sha256, machineId) },
    `
umask 077
if [ -f "$payload/.complete" ] && [ -x "$payload/bin/node" ]; then echo there; exit 0; fi
# cut off in between, the folder would lack the mark by which it is removed again
trap '' HUP INT TERM
if [ ! -d "$root" ]; then mkdir -p "$root" && : >"$root/.made-by-shoal" || exit 1; fi
trap - HUP INT TERM
mkdir -p "$root/runtime" || exit 1
echo missing`,
  )

/**
 * Unpacks beside its place and takes that place in one move, so that a half-unpacked one is never seen, and of two machines with a shared
 * home the slower one finds it taken and throws its own away.
 */
export const unpackPayload = ({ root, sha256, machineId }: Place): string =>
  scriptOf(
    {
      root,
      payload: payloadFolder(root, sha256),
      archive: archiveFile(root, sha256, machineId),
      scratch: `${root}/runtime/.${sha256}.${machineId}`,
    },
    `
umask 077
if [ -f "$payload/.complete" ] && [ -x "$payload/bin/node" ]; then echo there; exit 0; fi
# what tries that ended left; one whose link broke may still be at work in its own
for old in "$scratch".[0-9]*; do
  if [ -d "$old" ] && ! kill -0 "\${old##*.}" 2>/dev/null; then rm -rf "$old"; fi
done
fresh=$scratch.$$
rm -rf "$fresh" && mkdir -p "$fresh" || exit 1
{ gzip -dc "$archive" || echo failed >"$fresh/.gzip"; } | tar -x -f - -C "$fresh" || { rm -rf "$fresh"; exit 1; }
if [ -f "$fresh/.gzip" ]; then echo "gzip could not read $archive" >&2; rm -rf "$fresh"; exit 1; fi
for inside in "$fresh"/*/; do top=\${inside%/}; done
: >"$top/.complete"
if [ -d "$payload" ] && [ ! -f "$payload/.complete" ]; then rm -rf "$payload"; fi
"$top/bin/node" -e '${takePlaceProgram}' "$top" "$payload" </dev/null
code=$?
rm -rf "$fresh"
[ "$code" = 0 ] || exit "$code"
echo unpacked`,
  )

/** Ours alone; the payload stays. Done when nobody fetches from this machine any more. */
export const dropArchive = ({ root, sha256, machineId }: Place): string =>
  scriptOf({ archive: archiveFile(root, sha256, machineId) }, 'rm -f "$archive" "$archive".*')

/** Removes payloads that no session of this folder names, of those given. Says `removed payload BYTES PATH` for each. */
export const prunePayloads = (root: string, hashes: readonly string[]): string => scriptOf({ root, hashes: hashes.join(' ') }, pruneBody)

export const pruneBody = `
for hash in $hashes; do
  payload=$root/runtime/$hash
  if [ -d "$payload" ]; then
    if cat "$root"/clusters/*/*/payload 2>/dev/null | grep -qxF "$hash"; then
      echo "kept payload 0 $payload"
    else
      size=$(du -sk "$payload" | cut -f1)
      rm -f "$payload/.complete" && rm -rf "$payload" && echo "removed payload $((size * 1024)) $payload"
    fi
  fi
done`
