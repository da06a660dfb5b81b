import { archiveFile, payloadFolder } from '../paths.ts'
import { scriptOf } from './shell-text.ts'

type Place = { readonly root: string; readonly sha256: string; readonly machineId: string }

/** Is it there already? Says `there` or `missing`; makes the folders it will lie in. */
export const findPayload = ({ root, sha256, machineId }: Place): string =>
  scriptOf(
    { root, payload: payloadFolder(root, sha256), archive: archiveFile(root, sha256, machineId) },
    `
umask 077
if [ -f "$payload/.complete" ] && [ -x "$payload/bin/node" ]; then echo there; exit 0; fi
if [ ! -d "$root" ]; then mkdir -p "$root" && : >"$root/.made-by-shoal" || exit 1; fi
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
if command -v sha256sum >/dev/null 2>&1; then
  (cd "$top" && sha256sum -c SHA256SUMS >"$fresh/.sums" 2>&1) || { grep -v ': OK$' "$fresh/.sums" >&2; rm -rf "$fresh"; exit 1; }
fi
: >"$top/.complete"
[ -d "$payload" ] && rm -rf "$payload"
"$top/bin/node" -e '
const [from, to] = process.argv.slice(1)
try { require("fs").renameSync(from, to) } catch (error) { if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error }
' "$top" "$payload" </dev/null
code=$?
rm -rf "$fresh"
[ "$code" = 0 ] || exit "$code"
echo unpacked`,
  )

/** Ours alone; the payload stays. Done when nobody fetches from this machine any more. */
export const dropArchive = ({ root, sha256, machineId }: Place): string =>
  scriptOf({ archive: archiveFile(root, sha256, machineId) }, 'rm -f "$archive" "$archive.part" "$archive.fetch"')

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
