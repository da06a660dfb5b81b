/**
 * Lists what may be of ours, whether in use or not: processes that run from our folder or were started by a job, shared memory, sockets,
 * sessions, payloads, uploads, units and lines of cron. Needs the frame and `root`. `say left-KIND` with fields that tabs part.
 */
export const listScript = `
tab=$(printf '\\t')
own() { [ -O "$1" ] && [ ! -h "$1" ]; }
size() { limited 10 du -sk "$1" </dev/null | cut -f 1; }
since() { stat -c %Y "$1"; }
started() { sed -e 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20; }
say boot "$(cat /proc/sys/kernel/random/boot_id)"
say pid-namespace "$(readlink /proc/self/ns/pid)"
say boot-time "$(sed -n 's/^btime //p' /proc/stat)"
say ticks "$(getconf CLK_TCK)"
temp=\${TMPDIR:-/tmp}
{
  ls -l /proc/[0-9]*/exe | grep -F -e "-> $root/runtime/" | sed -n 's|.* /proc/\\([0-9]*\\)/exe -> .*|\\1|p'
  grep -ls -e --temp-dir /proc/[0-9]*/cmdline | sed -n 's|/proc/\\([0-9]*\\)/cmdline|\\1|p' | while read -r pid; do [ -O "/proc/$pid" ] && echo "$pid"; done
  grep -ls SHOAL_JOB_RUN= /proc/[0-9]*/environ | sed -n 's|/proc/\\([0-9]*\\)/environ|\\1|p'
} | sort -un | head -n 512 | while read -r pid; do
  say left-process "$pid$tab$(started "$pid")$tab$(readlink "/proc/$pid/exe")$tab$(tr '\\000' '\\n' <"/proc/$pid/environ" | sed -n 's/^SHOAL_TEMP_DIR=//p' | head -n 1)$tab$(tr '\\000\\011\\012' '\\011  ' <"/proc/$pid/cmdline" | cut -c 1-1200)"
done
for place in /dev/shm/shoal-"$uid"-*; do
  own "$place" && [ -f "$place/owner.json" ] || continue
  owner=$(head -c 400 "$place/owner.json" | tr '\\n\\t' '  ')
  pid=$(printf '%s' "$owner" | sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p')
  say left-memory "$place$tab$(size "$place")$tab$(since "$place")$tab$(started "\${pid:-none}")$tab$owner"
done
for place in /tmp/shoal-"$uid"-[rs]-*; do own "$place" && say left-socket "$place$tab$(since "$place")"; done
own "$temp/shoal-$uid" && say left-default "$temp/shoal-$uid$tab$(size "$temp/shoal-$uid")$tab$(since "$temp/shoal-$uid")$tab$(cat "$temp/shoal-$uid"/known/* | head -n 50 | tr '\\n' '\\t')"
for place in "$root"/clusters/*/*; do
  own "$place" && [ -d "$place" ] && say left-session "$place$tab$(size "$place")$tab$(since "$place")$tab$(head -n 1 "$place/payload")"
done
for place in "$root"/runtime/* "$root"/runtime/.[0-9a-f]*; do
  own "$place" && say left-runtime "$place$tab$(size "$place")$tab$(since "$place")"
done
for place in "\${XDG_CONFIG_HOME:-$HOME/.config}"/systemd/user/shoal-*.service; do own "$place" && say left-unit "$place$tab$(since "$place")"; done
has crontab && crontab -l </dev/null | grep -F '# shoal:' | lines left-cron 64
`
