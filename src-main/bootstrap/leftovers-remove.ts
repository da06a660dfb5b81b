import type { Leftover } from '../contract/machines.ts'
import { frameScript } from './probe-frame.ts'
import { quoted } from './scripts/shell-text.ts'

/** First what would start others again, then what runs, then what it used. */
const order: readonly Leftover['kind'][] = ['service', 'cron', 'process', 'shared-memory', 'socket', 'folder']

/** One call for each, with its number in the list: `gone N` or `kept N WHY`. */
export function removeScript(leftovers: readonly Leftover[]): string {
  const calls = leftovers
    .map(({ kind, what }, index) => ({ kind, what, index }))
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
  const processes = calls.filter(({ kind }) => kind === 'process')
  const others = (early: boolean) =>
    calls
      .filter(({ kind }) => kind !== 'process' && (kind === 'service' || kind === 'cron') === early)
      .map(({ kind, what, index }) => `remove_${kind.replace('-', '_')} ${index} ${quoted(what)}`)
  return [
    frameScript,
    functions,
    ...others(true),
    ...processes.map(({ what }) => `ask ${quoted(what)}`),
    ...(processes.length === 0 ? [] : ['wait_for_all']),
    ...processes.map(({ what, index }) => `remove_process ${index} ${quoted(what)}`),
    ...others(false),
    'say end',
    '',
  ].join('\n')
}

const functions = `
gone() { say gone "$1"; }
kept() { say kept "$1 $2"; }
own() { [ -O "$1" ] && [ ! -h "$1" ]; }
started() { sed -e 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20; }
alive() { # PID:TICKS, a zombie is not
  [ "$(started "\${1%:*}")" = "\${1#*:}" ] && case $(sed -e 's/.*) //' "/proc/\${1%:*}/stat") in Z*|X*) false ;; esac
}
ours() {
  case $(readlink "/proc/\${1%:*}/exe") in */runtime/*/bin/node*) return 0 ;; esac
  grep -q SHOAL_JOB_RUN= "/proc/\${1%:*}/environ" || { grep -q /ray-node "/proc/\${1%:*}/cmdline" && grep -q SHOAL_TEMP_DIR= "/proc/\${1%:*}/environ"; }
}
asked=
ask() { alive "$1" && ours "$1" && kill "\${1%:*}" && asked="$asked $1"; }
wait_for_all() {
  tries=0
  while [ "$tries" -lt 30 ]; do
    left=
    for each in $asked; do alive "$each" && left="$left $each"; done
    [ -n "$left" ] || return 0
    tries=$((tries + 1))
    sleep 0.2 || sleep 1
  done
  for each in $left; do alive "$each" && ours "$each" && kill -9 "\${each%:*}"; done
  sleep 1
}
remove_process() {
  if ! alive "$2"; then gone "$1"
  elif ours "$2"; then kept "$1" 'it does not end, even when told to by KILL'
  else kept "$1" 'it is no process of ours'; fi
}
remove_shared_memory() {
  case $2 in /dev/shm/shoal-"$uid"-*/*|*/..*) kept "$1" 'no name of a store'; return ;; /dev/shm/shoal-"$uid"-*) ;; *) kept "$1" 'no name of a store'; return ;; esac
  owner=$(cat "$2/owner.json")
  pid=$(printf '%s' "$owner" | sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p')
  ticks=$(printf '%s' "$owner" | sed -n 's/.*"startTicks":"\\([0-9]*\\)".*/\\1/p')
  case $owner in *"$(cat /proc/sys/kernel/random/boot_id)"*) alive "$pid:$ticks" && { kept "$1" "process $pid uses it"; return; } ;; esac
  delete "$1" "$2"
}
remove_socket() {
  case $2 in */..*) kept "$1" 'no folder of sockets' ;; /tmp/shoal-"$uid"-[rs]-????????????) idle "$1" "$2" && delete "$1" "$2" ;; *) kept "$1" 'no folder of sockets' ;; esac
}
remove_folder() {
  case $2 in
    */../*|*/..|*/./*) kept "$1" 'not a plain path'; return ;;
    */clusters/*/*|*/shoal-"$uid") ;;
    */runtime/.[0-9a-f]*) still "$1" "$2" || return ;;
    */runtime/[0-9a-f]*) ;;
    *) kept "$1" 'no folder of ours'; return ;;
  esac
  idle "$1" "$2" && delete "$1" "$2" && tidy "\${2%/*}"
}
# Nothing runs there: no process has it as its program, or in its command line.
idle() {
  users=$(ls -l /proc/[0-9]*/exe | grep -F -e "-> $2/" | sed -n 's|.* /proc/\\([0-9]*\\)/exe -> .*|\\1|p'; grep -ls -F -e "$2" /proc/[0-9]*/cmdline | sed -n 's|/proc/\\([0-9]*\\)/.*|\\1|p')
  users=$(for user in $users; do [ -r "/proc/$user/cmdline" ] && ! [ "$user" = "$$" ] && tr '\\000' '\\n' <"/proc/$user/cmdline" | grep -q . && echo "$user"; done | head -n 1)
  [ -z "$users" ] || { kept "$1" "process $users uses it"; return 1; }
}
# Nobody writes it now.
still() {
  before=$(du -sk "$2"; stat -c %s "$2"); sleep 1
  [ "$before" = "$(du -sk "$2"; stat -c %s "$2")" ] || { kept "$1" 'it is being written now'; return 1; }
}
delete() {
  if [ ! -e "$2" ] && [ ! -h "$2" ]; then gone "$1"; return 0; fi
  own "$2" || { kept "$1" 'it belongs to somebody else, or is a link'; return 1; }
  why=$(rm -rf "$2" 2>&1) && gone "$1" && return 0
  kept "$1" "$(printf '%s' "$why" | head -n 1)"
  return 1
}
# The folders above that are empty then, and ours.
tidy() {
  case $1 in
    */clusters/*) rmdir "$1" && tidy "\${1%/*}" ;;
    */clusters|*/runtime) rmdir "$1"; above=\${1%/*}
      [ -f "$above/.made-by-shoal" ] && [ "$(ls -A "$above")" = .made-by-shoal ] && rm -f "$above/.made-by-shoal" && rmdir "$above" ;;
  esac
  return 0
}
remove_service() {
  name=\${2##*/}
  case $name in shoal-c-*.service) ;; *) kept "$1" 'no unit of ours'; return ;; esac
  XDG_RUNTIME_DIR=\${XDG_RUNTIME_DIR:-/run/user/$uid}; export XDG_RUNTIME_DIR
  has systemctl && limited 20 systemctl --user disable --now "$name" </dev/null >/dev/null
  rm -f "\${2%/*}/default.target.wants/$name"
  delete "$1" "$2" && has systemctl && limited 20 systemctl --user daemon-reload </dev/null >/dev/null
}
remove_cron() {
  case $2 in *'# shoal:c-'*) ;; *) kept "$1" 'no line of ours'; return ;; esac
  if crontab -l </dev/null | grep -qxF -e "$2"; then
    rest=$(crontab -l </dev/null | grep -vxF -e "$2")
    if [ -n "$rest" ]; then printf '%s\\n' "$rest" | crontab - >/dev/null; else crontab -r </dev/null; fi
  fi
  if crontab -l </dev/null | grep -qxF -e "$2"; then kept "$1" 'crontab refused the change'; else gone "$1"; fi
}
`
