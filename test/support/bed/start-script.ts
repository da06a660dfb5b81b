import { readdirSync } from 'node:fs'
import { type HostFolders, hiddenPrograms } from './host-files.ts'
import { bedUser, type HostQuirks } from './quirks.ts'

/**
 * What the first process of a host runs: it says its pid (as this machine counts), waits for its network cards, builds its file systems
 * and becomes the host's init. All of it lives in namespaces of that process, and goes with it.
 */
export function startScript(folders: HostFolders, quirks: HostQuirks, cards: readonly string[]): string {
  const { root } = folders
  return `set -e
read -r pid rest < /proc/self/stat
echo "pid $pid"
read -r go
mount --make-rprivate /
hostname ${quirks.name}
ip link set lo up
${cards.map((address, index) => `ip addr add ${address}/24 dev eth${index}; ip link set eth${index} up`).join('\n')}
# An overlay takes a device 0:0 for "removed".
for path in ${hiddenPrograms(quirks).join(' ')}; do [ -e ${folders.upper}$path ] || mknod ${folders.upper}$path c 0 0; done
mount -t overlay o -o lowerdir=/,upperdir=${folders.upper},workdir=${folders.work} ${root}
mount -t proc proc ${root}/proc
mount -t sysfs -o ro sysfs ${root}/sys 2>/dev/null || true
for folder in ${emptied().join(' ')}; do mount -t tmpfs -o size=64m,mode=755 tmpfs ${root}/$folder; done
mount -t tmpfs -o size=${quirks.smallTmp === true ? '1m' : '4g'},mode=1777 tmpfs ${root}/tmp
mount --bind ${folders.home} ${root}/home
mount --bind ${folders.varTmp} ${root}/var/tmp
${homeMounts(quirks, root)}
mount -t tmpfs -o size=1m,mode=755 dev ${root}/dev
for device in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 ${root}/dev/\${device%:*} c 1 \${device#*:}; done
mknod -m 666 ${root}/dev/tty c 5 0
ln -s /proc/self/fd ${root}/dev/fd
ln -s /proc/self/fd/0 ${root}/dev/stdin; ln -s /proc/self/fd/1 ${root}/dev/stdout; ln -s /proc/self/fd/2 ${root}/dev/stderr
mkdir ${root}/dev/pts
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts ${root}/dev/pts
ln -s pts/ptmx ${root}/dev/ptmx
${quirks.noShm === true ? '' : `mkdir ${root}/dev/shm; mount -t tmpfs -o size=${quirks.shmBytes ?? 1_073_741_824},mode=1777 shm ${root}/dev/shm`}
${standIns(quirks, root)}
cd ${root}
mkdir run/old
pivot_root . run/old
umount -l /run/old
rmdir /run/old
mkdir -p /run/sshd /run/user
chmod 600 /etc/bed/host_key
/usr/sbin/sshd -f /etc/bed/sshd_config -E /var/log/sshd.log
# It goes into the background first, and listens then.
listens() { while read -r line; do case $line in *':0016 00000000:0000 0A'*) return 0 ;; esac; done </proc/net/tcp; return 1; }
n=0
until listens || [ $n -ge 500 ]; do n=$((n + 1)); sleep 0.02; done
${quirks.cron === true ? 'mkdir -p /run/lock; chmod 1730 /var/spool/cron/crontabs; chgrp crontab /var/spool/cron/crontabs; /usr/sbin/cron' : ''}
exec 0</dev/null
echo up
exec 1>/dev/null 2>&1
while :; do sleep 86400 & wait; done
`
}

const ofSystem = new Set([
  'bin',
  'boot',
  'dev',
  'etc',
  'home',
  'lib',
  'lib32',
  'lib64',
  'libx32',
  'lost+found',
  'proc',
  'sbin',
  'sys',
  'tmp',
  'usr',
  'var',
])

/** What this machine has beyond its system, such as the folder that this repository lies in, is none of a host's business. */
const emptied = (): string[] => [
  'usr/local',
  ...readdirSync('/', { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() && !ofSystem.has(entry.name) ? [entry.name] : [])),
]

function homeMounts({ fullDisk, readOnlyHome, noexecHome }: HostQuirks, root: string): string {
  const home = root + bedUser.home
  if (fullDisk === true) {
    return `mount -t tmpfs -o size=1m,mode=755,uid=${bedUser.uid},gid=${bedUser.uid} disk ${home}
head -c 983040 /dev/zero > ${home}/old-data; chown ${bedUser.uid}:${bedUser.uid} ${home}/old-data`
  }
  const flags = [...(readOnlyHome === true ? ['ro'] : []), ...(noexecHome === true ? ['noexec'] : [])]
  return flags.length === 0 ? '' : `mount --bind ${home} ${home}; mount -o remount,bind,${flags.join(',')} ${home}`
}

/** The real program under its second name; the file under the first one is a script that changes what it says. */
function standIns({ arch, clockOffMs }: HostQuirks, root: string): string {
  const programs = [...(arch === undefined ? [] : ['/usr/bin/uname']), ...(clockOffMs === undefined ? [] : ['/usr/bin/date'])]
  return programs.map((program) => `mount --bind ${program} ${root}${program}.real`).join('\n')
}
