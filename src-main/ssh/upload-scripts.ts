import { quoteForShell } from './shell-quote.ts'

/**
 * What an upload runs on the host. `$1` mark, `$2` path, `$3` suffix of the part file, `$4` sha256, `$5` size, `$6` mode.
 * Answers are lines that begin with the mark, as login files may print others.
 */
const start = `
LC_ALL=C
export LC_ALL
umask 077
mark=$1 path=$2 sha=$4 size=$5 mode=$6
case $path in '~/'*) path=$HOME/\${path#'~/'} ;; esac
part=$path$3
say() { printf '\\n%s %s\\n' "$mark" "$*"; }
size_of() { wc -c <"$1" | tr -d ' '; }
sum_of() {
  for tool in sha256sum 'busybox sha256sum' 'openssl dgst -sha256 -r' 'shasum -a 256' 'sha256 -q'; do
    command -v "\${tool%% *}" >/dev/null 2>&1 || continue
    found=$($tool <"$1" 2>/dev/null) || continue
    found=\${found%% *}
    if [ \${#found} -eq 64 ]; then
      printf '%s' "$found"
      return 0
    fi
  done
  return 1
}
`

/** Says `there`, `folder`, `no-sum`, or `part <bytes>` that are there already. */
export const prepareScript = `${start}
if [ -d "$path" ]; then say folder; exit 0; fi
if ! sum_of /dev/null >/dev/null; then say no-sum; exit 0; fi
if [ -f "$path" ] && [ "$(size_of "$path")" = "$size" ] && [ "$(sum_of "$path")" = "$sha" ]; then
  chmod "$mode" "$path"
  rm -f "$part"
  say there
  exit 0
fi
case $path in */*) mkdir -p "\${path%/*}/" || exit 1 ;; esac
if [ -h "$part" ]; then rm -f "$part"; fi
have=0
if [ -f "$part" ]; then have=$(size_of "$part"); fi
if [ "$have" -gt "$size" ]; then
  rm -f "$part" || exit 1
  have=0
fi
# a connection that hangs since then may still append to it: from now on to a file without a name
if [ "$have" -gt 0 ]; then
  cp "$part" "$part.copy" && mv -f "$part.copy" "$part" || rm -f "$part.copy" "$part"
  have=0
  if [ -f "$part" ]; then have=$(size_of "$part"); fi
fi
: >>"$part" || exit 1
say part "$have"
`

/** Says `there` once the file has its name, or `differs <bytes>` when the sum is another, and takes the part away then. */
export const finishScript = `${start}
have=$(size_of "$part") || exit 1
if [ "$have" != "$size" ]; then say short "$have"; exit 0; fi
if [ "$(sum_of "$part")" != "$sha" ]; then
  rm -f "$part"
  say differs "$have"
  exit 0
fi
chmod "$mode" "$part" && mv -f "$part" "$path" && say there
`

/** Gives the space back after a full disk. Says `free <kB> <mount point>`. */
export const giveUpScript = `${start}
rm -f "$part"
case $path in */*) folder=\${path%/*}/ ;; *) folder=. ;; esac
say free $(df -Pk "$folder" 2>/dev/null | tail -n 1 | awk '{ print $4, $6 }')
`

const appendScript = 'LC_ALL=C; export LC_ALL; umask 077; case $1 in "~/"*) part=$HOME/${1#"~/"} ;; *) part=$1 ;; esac; exec cat >>"$part"'

/** A command line that appends its standard input to a file, whatever shell the user has. */
export const appendCommand = (partPath: string): string => `exec /bin/sh -c ${quoteForShell(appendScript)} sh ${quoteForShell(partPath)}`
