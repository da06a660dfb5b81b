import { quoted, scriptOf } from './shell-text.ts'
import { unitName } from './session-scripts.ts'

/** Words of commands that start a node. */
export type BootCommands = {
  /** Run first, whatever it ends with: a machine that lost power could not put things away. */
  readonly clear: readonly string[]
  /** Stays as long as the node does; for systemd. */
  readonly stay: readonly string[]
  /** Ends well when the node runs, or when it was told to end; for cron, which tries it again when it fails. */
  readonly start: readonly string[]
}

type Service = {
  readonly sessionFolder: string
  readonly clusterId: string
  readonly clusterName: string
  readonly commands: BootCommands
  readonly wish: 'auto' | 'systemd' | 'cron'
}

/** What marks the line in a crontab. */
const cronMark = (clusterId: string): string => `# shoal:${clusterId}`

/** For systemd, which wants a percent sign and a dollar twice and words in double quotes. */
const unitWord = (text: string): string =>
  /^[\w@+=:,./-]+$/.test(text)
    ? text
    : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`

/**
 * Has the node started when the machine starts. A unit of the user's systemd where that runs without a login or can be made to, else a line
 * of cron. The unit is enabled, not started: the node runs already. Says `service systemd`, `service cron` or `service none WHY`.
 */
export function addService({ sessionFolder, clusterId, clusterName, commands, wish }: Service): string {
  const { clear, stay, start } = commands
  const unit = [
    '[Unit]',
    `Description=Shoal, cluster ${clusterName}`,
    '[Service]',
    'Type=simple',
    `ExecStartPre=-${clear.map(unitWord).join(' ')}`,
    `ExecStart=${stay.map(unitWord).join(' ')}`,
    'Restart=on-failure',
    'RestartSec=10',
    '[Install]',
    'WantedBy=default.target',
  ]
  const atBoot = [
    '#!/bin/sh',
    `${clear.map(quoted).join(' ')} </dev/null`,
    'tries=0',
    `until ${start.map(quoted).join(' ')} </dev/null; do tries=$((tries + 1)); [ "$tries" -lt 30 ] || exit 1; sleep 10; done`,
  ]
  return scriptOf(
    { session: sessionFolder, unit: unitName(clusterId), mark: cronMark(clusterId), wish },
    `
umask 077
units=\${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
export XDG_RUNTIME_DIR=\${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
lingers() { [ "$(loginctl show-user "$(id -un)" --property=Linger --value 2>/dev/null)" = yes ]; }
try_systemd() {
  command -v systemctl >/dev/null 2>&1 || { why='it has no systemctl'; return 1; }
  systemctl --user show-environment >/dev/null 2>&1 </dev/null || { why='no systemd runs for this user'; return 1; }
  lingers || loginctl --no-ask-password enable-linger >/dev/null 2>&1 </dev/null || { why='lingering is off for this user: run "sudo loginctl enable-linger" there'; return 1; }
  mkdir -p "$units" && printf '%s\\n' ${unit.map(quoted).join(' ')} >"$units/$unit" || { why="$units cannot be written"; return 1; }
  systemctl --user daemon-reload </dev/null && systemctl --user enable "$unit" </dev/null >&2 || { why='systemctl refused the unit'; return 1; }
}
try_cron() {
  command -v crontab >/dev/null 2>&1 || { why="$why; it has no crontab"; return 1; }
  printf '%s\\n' ${atBoot.map(quoted).join(' ')} >"$session/at-boot" || return 1
  chmod 700 "$session/at-boot"
  boot=$(printf '%s' "$session/at-boot" | sed 's/%/\\\\%/g') # cron takes a bare one for the end of a line
  { crontab -l 2>/dev/null | grep -vF -e "$mark"; printf '@reboot /bin/sh "%s" >"%s.log" 2>&1 %s\\n' "$boot" "$boot" "$mark"; } | crontab - >&2 || { why="$why; crontab refused the line"; return 1; }
}
why=
if [ "$wish" != cron ] && try_systemd; then echo 'service systemd'; exit 0; fi
if [ "$wish" != systemd ] && try_cron; then echo 'service cron'; exit 0; fi
echo "service none \${why#; }"`,
  )
}

/** Takes both away, whichever was made. Says `removed service 0 NAME`, `removed cron 0 LINE`. */
export const removeService = (clusterId: string): string =>
  scriptOf(
    { unit: unitName(clusterId), mark: cronMark(clusterId) },
    `
units=\${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
export XDG_RUNTIME_DIR=\${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
if [ -f "$units/$unit" ]; then
  systemctl --user disable --now "$unit" >/dev/null 2>&1 </dev/null
  rm -f "$units/$unit" "$units/default.target.wants/$unit" && echo "removed service 0 $units/$unit"
  systemctl --user daemon-reload >/dev/null 2>&1 </dev/null
fi
if command -v crontab >/dev/null 2>&1 && crontab -l 2>/dev/null | grep -qF -e "$mark"; then
  rest=$(crontab -l 2>/dev/null | grep -vF -e "$mark")
  if [ -n "$rest" ]; then printf '%s\\n' "$rest" | crontab -; else crontab -r; fi && echo "removed cron 0 $mark"
fi`,
  )
