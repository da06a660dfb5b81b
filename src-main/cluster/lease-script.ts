/**
 * Run on the head's machine: `$1` the folder, then nothing, to look; or the generation to follow, holder, label, since and expiry, to
 * make the next one. Prints the machine's clock and the highest generation that is there afterwards.
 *
 * The one atomic step is `ln`, which fails when the name exists, over NFS too: of many that try to make a generation one succeeds. A
 * generation is never changed, and the highest is never removed; so whoever made it and then finds it to be the highest has the lease.
 */
export const leaseScript = `set -u
umask 077
dir=$1
mkdir -p -- "$dir" && cd -- "$dir" || { echo "cannot use the folder $dir" >&2; exit 1; }

highest() {
  top=0
  for each in g.*; do
    number=\${each#g.}
    case $number in '' | *[!0-9]*) continue ;; esac
    [ "$number" -gt "$top" ] && top=$number
  done
}

# With a lease in two files at once the later one counts; one that vanishes while it is read has a successor.
show() {
  while :; do
    highest
    [ "$top" -eq 0 ] && { echo "$(date +%s) 0"; return; }
    line=$(cat "g.$top" 2>/dev/null) && { printf '%s\\n' "$(date +%s) $top $line"; return; }
    highest_before=$top
    highest
    [ "$top" -eq "$highest_before" ] && [ -e "g.$top" ] && { echo "the lease $dir/g.$top cannot be read" >&2; exit 1; }
  done
}

if [ $# -gt 1 ]; then
  after=$2
  highest
  if [ "$top" -eq "$after" ]; then
    next=$((after + 1))
    temporary=t.$after.$3.$$
    printf '%s\\n' "$3 $5 $6 $4" > "$temporary" || exit 1
    # The last way is for file systems without hard links: such a shell makes no file twice.
    ln "$temporary" "g.$next" 2>/dev/null || [ -e "g.$next" ] || (set -C; cat "$temporary" > "g.$next") 2>/dev/null
    rm -f "$temporary"
    highest
    for each in g.* t.*; do
      number=\${each#?.}
      number=\${number%%.*}
      case $number in '' | *[!0-9]*) continue ;; esac
      case $each in
        g.*) [ "$number" -lt "$top" ] && rm -f "$each" ;;
        t.*) [ "$number" -lt "$after" ] && rm -f "$each" ;;
      esac
    done
  fi
fi
show
`
