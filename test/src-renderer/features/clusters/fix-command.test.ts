import { expect, test } from 'vitest'
import { fixCommandOf } from '#src-renderer/features/clusters/fix-command.ts'

const ada = { user: 'ada', host: '10.0.0.7' }

test.each([
  [
    'See that the machine is on, that its name and port are right, and that no firewall or missing VPN is between. Try: ssh -v HOST',
    'ssh -v 10.0.0.7',
  ],
  [
    'See that the user is right, and that the public half of your key is in ~/.ssh/authorized_keys there (ssh-copy-id USER@HOST), or give a password.',
    'ssh-copy-id ada@10.0.0.7',
  ],
  [
    'Set the time, as root there: timedatectl set-ntp true (or chronyc makestep). If its time is right, set that of this computer.',
    'timedatectl set-ntp true',
  ],
  [
    'As root there: mkdir -p /dev/shm && mount -t tmpfs -o mode=1777 tmpfs /dev/shm. For a container: docker run --shm-size=8g',
    'mkdir -p /dev/shm && mount -t tmpfs -o mode=1777 tmpfs /dev/shm',
  ],
  [
    'Install it as root: apt-get install libstdc++6 (Debian, Ubuntu) or dnf install libstdc++ (RHEL, Fedora).',
    'apt-get install libstdc++6',
  ],
  ['As root there: chmod 1777 /tmp (or set TMPDIR for this user to a folder that can be written).', 'chmod 1777 /tmp'],
  ['Tasks would be ended by the memory monitor soon. See who uses it: ps aux --sort=-rss | head', 'ps aux --sort=-rss | head'],
  ['Jobs often write there. Delete what is old: ls -laS /tmp', 'ls -laS /tmp'],
  ['As root there: loginctl enable-linger ada, or install cron there.', 'loginctl enable-linger ada'],
  ['Look at them and remove them: shoal machine clean gpu7', 'shoal machine clean gpu7'],
  [
    'Free some space there (see what takes it: du -xsh "$HOME"/* | sort -h | tail), or set another folder for this machine, such as /var/tmp/shoal-ada (shoal machine set gpu7 --folder /var/tmp/shoal-ada).',
    'du -xsh "$HOME"/* | sort -h | tail',
  ],
  [
    'Set another folder for this machine, such as /var/tmp/shoal-ada (shoal machine set gpu7 --folder /var/tmp/shoal-ada), or have the folder mounted without noexec.',
    'shoal machine set gpu7 --folder /var/tmp/shoal-ada',
  ],
  ['Two schedulers on one machine know nothing of each other. Stop it if it is yours: ray stop', 'ray stop'],
  ['Make it with "npm run payload -- --arch arm64".', 'npm run payload -- --arch arm64'],
  ['Install cron as root there: apt-get install cron (or choose --service auto).', 'apt-get install cron'],
  ['Something hangs there, such as a network file system: try ssh HOST df, and see whether it returns.', 'ssh 10.0.0.7 df'],
  ['See that /bin/sh works there for this user: ssh HOST /bin/sh -c id', 'ssh 10.0.0.7 /bin/sh -c id'],
])('a remedy that names a command gives it whole, and for that machine: %s', (remedy, command) => {
  expect(fixCommandOf(remedy, ada)).toBe(command)
})

test.each([
  ['Use another machine, or a 64-bit system on this one where its processor allows.'],
  ['Take another port, such as 6401 (shoal cluster create --agent-port 6401), or stop what listens there.'],
  ['Check the machine, then plan again.'],
  ['Nodes run on Linux (x86-64 or arm64). Use another machine, or a Linux virtual machine on this one.'],
])('a remedy without one gives none, nor half of one: %s', (remedy) => {
  expect(fixCommandOf(remedy, ada)).toBeNull()
})
