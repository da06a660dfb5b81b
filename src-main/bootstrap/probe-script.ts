import { frameScript, reachWord } from './probe-frame.ts'
import { listScript } from './leftovers-script.ts'

const clock = `
say clock "$(date +%s%N || date +%s)"
`

/** Runs beside the rest, as a driver that has to wake up takes seconds. */
const gpus = `
owner() { if [ -e "/proc/$1" ]; then stat -c %U "/proc/$1" || echo '?'; else echo '?'; fi; }
gpus() {
  [ -r /proc/driver/nvidia/version ] && lines nvidia-driver 1 </proc/driver/nvidia/version
  if has nvidia-smi; then
    cards=$(limited 6 nvidia-smi --query-gpu=index,uuid,memory.total,memory.used,driver_version,name --format=csv,noheader,nounits 2>&1 </dev/null); code=$?
    [ "$code" = 124 ] && cards='the driver does not answer nvidia-smi'
    printf '%s\\n' "$cards" | lines nvidia 64
    [ "$code" = 0 ] && limited 6 nvidia-smi --query-compute-apps=gpu_uuid,pid,used_memory,process_name --format=csv,noheader,nounits </dev/null | head -n 256 |
      while IFS=, read -r gpu pid rest; do pid=\${pid# }; say nvidia-holder "$gpu,$pid,$(owner "$pid"),$rest"; done
  fi
  if has rocm-smi; then limited 6 rocm-smi --showproductname --showmeminfo vram --csv </dev/null | lines rocm 65; fi
  [ -r /sys/module/amdgpu/version ] && say amd-driver "$(cat /sys/module/amdgpu/version)"
}
gpus &
`

const python = `
python() {
  for name in python3 python; do
    has "$name" || continue
    version=$(cd / && limited 4 "$name" -B -c 'import sys
print(sys.version.split()[0])
try:
  import importlib.metadata
  print(importlib.metadata.version("ray"))
except Exception: pass' </dev/null) || continue
    say python "$(command -v "$name") $(printf '%s' "$version" | tr '\\n' ' ')"
    say python-has "$(cd / && limited 4 "$name" -B -c 'import importlib.util as find
print(*[name for name in ("venv", "ensurepip", "pip") if find.find_spec(name)])' </dev/null)"
    break
  done
}
python &
`

const system = `
say hostname "$(uname -n)"
say user "$(id -un || echo "$uid")"
say uid "$uid"
say os "$(. /etc/os-release && printf '%s' "\${PRETTY_NAME:-$NAME}")"
say kernel "$(uname -s -r)"
say arch "$(uname -m)"
say getconf "$(getconf GNU_LIBC_VERSION)"
ldd --version 2>&1 </dev/null | lines ldd 2
for file in /lib/ld-musl-* /lib*/ld-linux* /lib/*/ld-linux*; do [ -e "$file" ] && say loader "$file"; done
{ ldconfig -p | sed -n 's/.*libstdc++\\.so\\.6 .*=> //p'; printf '%s\\n' /usr/lib/*/libstdc++.so.6 /usr/lib64/libstdc++.so.6 /usr/lib/libstdc++.so.6; } |
  while read -r file; do
    case $file in *i386*|*i686*|*/lib32/*) continue ;; esac
    [ -e "$file" ] && grep -q GLIBCXX_3.4.21 "$file" && say libstdcxx "$file" && break
  done
say cpus "$(nproc || getconf _NPROCESSORS_ONLN || grep -c ^processor /proc/cpuinfo)"
for name in MemTotal MemAvailable MemFree; do say "$name" "$(sed -n "s/^$name: *\\([0-9]*\\) kB/\\1/p" /proc/meminfo)"; done
group=$(sed -n 's/^0:://p' /proc/self/cgroup | head -n 1)
while :; do
  [ -r "/sys/fs/cgroup$group/cpu.max" ] && say cpu-max "$(cat "/sys/fs/cgroup$group/cpu.max")"
  [ -r "/sys/fs/cgroup$group/memory.max" ] && say memory-max "$(cat "/sys/fs/cgroup$group/memory.max")"
  case $group in */*) group=\${group%/*} ;; *) break ;; esac
done
[ -r /sys/fs/cgroup/cpu/cpu.cfs_quota_us ] && say cpu-max "$(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us) $(cat /sys/fs/cgroup/cpu/cpu.cfs_period_us)"
[ -r /sys/fs/cgroup/memory/memory.limit_in_bytes ] && say memory-max "$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes)"
lines limit 20 </proc/self/limits
`

const places = `
place() { # KEY FOLDER: of the nearest folder that exists
  near=$2
  while [ ! -d "$near" ]; do near=\${near%/*}; [ -n "$near" ] || near=/; done
  say "$1-near" "$near"
  { [ -d "$2" ] || [ ! -e "$2" ]; } && [ -w "$near" ] && [ -x "$near" ] && say "$1-writable" yes
  table=$(limited 4 df -Pk "$near" </dev/null | tail -n 1)
  say "$1-df" "$table"
  mount=\${table##* }
  while read -r device point type options rest; do [ "$point" = "$mount" ] && found="$type $options"; done </proc/mounts
  say "$1-mount" "$found"
  say "$1-stat" "$(limited 4 stat -f -c '%a %b %S %d %c' "$near" </dev/null)"
}
say folder "$root"
place folder "$root"
say temp "\${TMPDIR:-/tmp}"
place temp "\${TMPDIR:-/tmp}"
[ -d /dev/shm ] && say shm yes && place shm /dev/shm
for folder in "$root"/runtime/*; do
  name=\${folder##*/}
  [ "\${#name}" = 64 ] && [ -d "$folder" ] && say payload "$name"
done | head -n 256
`

const network = `
say ssh "$SSH_CONNECTION"
if has ip; then ip -o addr show </dev/null | lines ip 256; else { hostname -I || ifconfig -a; } </dev/null | lines ifconfig 512; fi
listening=$(grep -h ' 0A 0' /proc/net/tcp /proc/net/tcp6 | head -n 4096)
printf '%s\\n' "$listening" | lines tcp 4096
inodes=$(printf '%s\\n' "$listening" | while read -r a b c d e f g h i inode rest; do [ -n "$inode" ] && printf '|socket:\\\\[%s\\\\]' "$inode"; done)
[ -n "$inodes" ] && ls -l /proc/[0-9]*/fd | grep -E "^/proc\${inodes}" | while read -r line; do
  case $line in
    /proc/*) pid=\${line#/proc/}; pid=\${pid%/fd:} ;;
    *) inode=\${line##*socket:\\[}; inode=\${inode%\\]}
      parent=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$pid/status")
      if grep -qs -F -e ${reachWord} "/proc/$pid/cmdline" "/proc/$parent/cmdline"; then say passing "$inode"; continue; fi
      say listener "$inode $pid $(cat "/proc/$pid/comm")"
      session=$(tr '\\000' '\\n' <"/proc/$pid/cmdline" | sed -n '/^--temp-dir$/{n;p;}')
      say session "$pid \${session:-$(tr '\\000' '\\n' <"/proc/$pid/environ" | sed -n 's/^SHOAL_RAY_NODE=//p')}" ;;
  esac
done | head -n 2048
while IFS=: read -r name x id rest; do printf '%s:%s\\n' "$id" "$name"; done </etc/passwd | lines account 512
`

const programs = `
for name in bash curl wget python3 uv perl nc busybox tar gzip sha256sum setsid nohup flock timeout systemctl crontab firewall-cmd ufw nft iptables nvidia-smi rocm-smi docker; do
  path=$(command -v "$name") && say tool "$name $path"
done
XDG_RUNTIME_DIR=\${XDG_RUNTIME_DIR:-/run/user/$uid}; export XDG_RUNTIME_DIR
has systemctl && limited 3 systemctl --user show-environment >/dev/null </dev/null && say systemd-user yes
[ -d /var/lib/systemd/linger ] && { [ -e "/var/lib/systemd/linger/$(id -un)" ] && say linger yes || say linger no; }
comms=$(cat /proc/[0-9]*/comm | sort -u)
for name in cron crond fcron; do printf '%s\\n' "$comms" | grep -qx "$name" && say cron-daemon "$name"; done
[ -r /proc/1/comm ] || say cron-daemon unseen
has crontab && say crontab "$(crontab -l 2>&1 >/dev/null </dev/null)"
has ray && say ray "$(command -v ray)"
grep -lxE 'raylet|gcs_server' /proc/[0-9]*/comm | while read -r file; do
  grep -q SHOAL_RAY_NODE= "\${file%/comm}/environ" || say ray-running "\${file%/comm}"
done | head -n 16
`

/**
 * Looks at a machine and changes nothing there. For any POSIX shell and the tools of busybox; whatever is missing leaves out its facts.
 * `$1`: the mark. `$2`: our folder there, empty for the usual one.
 */
export const probeScript = `${frameScript}${clock}
root=$(absolute "$1")
${gpus}${python}${system}${places}${network}${programs}${listScript}
wait
say end
`
