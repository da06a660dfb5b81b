import type { Finding, MachineFacts } from '../contract/machines.ts'
import { wordForSh } from '../ssh/shell-quote.ts'
import { blocker, bytes, ok, otherFolder, warning } from './findings-words.ts'
import type { WantedOfMachine } from './findings.ts'

/** Of today's payload, rounded up; used where the real one is not known yet. */
const usualPayload = { packedBytes: 45e6, unpackedBytes: 140e6 }
/** Logs, the head's database, and what a job brings. */
const roomForWork = 200e6
const goodRoom = 2e9
/** A payload has about 40 files; a session makes hundreds. */
const leastInodes = 500
const goodInodes = 5_000
const networkFileSystems = /^(nfs|cifs|smb|lustre|gpfs|beegfs|ceph|glusterfs|fuse\.(sshfs|glusterfs|ceph)|afs|9p|panfs|wekafs)/i
const leastShmBytes = 75 * 1_048_576
const shareOfMemory = 0.3

/** Our folder, /tmp and /dev/shm. */
export function placeFindings(facts: MachineFacts): Finding[] {
  return [...folderFindings(facts), tempFinding(facts), shmFinding(facts)]
}

function folderFindings(facts: MachineFacts): Finding[] {
  const { path, isWritable, isExecutable, fileSystem } = facts.folder
  const found: Finding[] = []
  if (!isWritable) {
    found.push(
      blocker('folder.not-writable', 'Our folder cannot be written', {
        detail: `${path} cannot be made or written by ${facts.user}: its file system is read-only, or the folder belongs to somebody else.`,
        remedy: `Make it writable, or ${otherFolder(facts)}.`,
      }),
    )
  }
  if (!isExecutable) {
    found.push(
      blocker('folder.noexec', 'Programs may not run from our folder', {
        detail: `The file system (${fileSystem}) of ${path} is mounted with noexec.`,
        remedy: `${capitalized(otherFolder(facts))}, or have the folder mounted without noexec.`,
      }),
    )
  }
  if (networkFileSystems.test(fileSystem)) {
    found.push(
      warning('folder.network', 'Our folder lies on a network file system', {
        detail: `${path} is on ${fileSystem}: several machines may share it, it is slow for logs and for what does not fit in memory, and SQLite does not like it.`,
        remedy: `${capitalized(otherFolder(facts))}: a local disk is better.`,
      }),
    )
  }
  return found.length > 0 ? found : [ok('folder', 'Our folder can be used', `${path} (${fileSystem})`)]
}

/** What has to fit: the archive beside what it becomes, and room to work. */
export function diskFindings(facts: MachineFacts, payload: WantedOfMachine['payload'], moreBytes: number): Finding[] {
  const { path, freeBytes, freeInodes } = facts.folder
  const { packedBytes, unpackedBytes } = payload ?? usualPayload
  const needed = packedBytes + unpackedBytes + moreBytes + roomForWork
  const detail = `${bytes(freeBytes)} are free in ${path}; ${bytes(needed)} are needed, of which ${bytes(roomForWork)} for logs and data.`
  const command = 'du -xsh "$HOME"/* | sort -h | tail'
  const remedy = `Free some space there (see what takes it: ${command}), or ${otherFolder(facts)}.`
  const found: Finding[] = []
  if (freeBytes < needed) found.push(blocker('disk.full', 'Not enough free disk space', { detail, remedy, command }))
  else if (freeBytes < goodRoom) {
    found.push(
      warning('disk.low', 'Little free disk space', {
        detail: `${detail} Objects that do not fit in memory go there too.`,
        remedy,
        command,
      }),
    )
  } else found.push(ok('disk', 'Disk space', `${bytes(freeBytes)} are free in ${path}.`))
  if (freeInodes !== null && freeInodes < goodInodes) {
    const words = {
      detail: `${freeInodes} more files can be made on the file system of ${path}.`,
      remedy: `Delete small files there, or ${otherFolder(facts)}.`,
    }
    found.push(
      freeInodes < leastInodes
        ? blocker('disk.no-inodes', 'No room for more files', words)
        : warning('disk.few-inodes', 'Little room for more files', words),
    )
  }
  return found
}

/** Sockets with long paths, and the list of what runs here, lie in /tmp. */
function tempFinding({ temp, user }: MachineFacts): Finding {
  const detail = `${temp.path}: ${bytes(temp.freeBytes)} free.`
  const path = wordForSh(temp.path)
  if (!temp.isWritable) {
    return blocker('temp.not-writable', `${temp.path} cannot be written`, {
      detail: `${user} may not make files in ${temp.path}.`,
      remedy: `As root there: chmod 1777 ${temp.path} (or set TMPDIR for this user to a folder that can be written).`,
      command: `chmod 1777 ${path}`,
    })
  }
  if (temp.freeBytes < 10e6) {
    return warning('temp.full', `${temp.path} is nearly full`, {
      detail,
      remedy: `Jobs often write there. Delete what is old: ls -laS ${temp.path}`,
      command: `ls -laS ${path}`,
    })
  }
  return ok('temp', 'Temporary files', detail)
}

/** The store falls back to a folder on disk, mapped the same way, when its size does not fit in /dev/shm. */
function shmFinding({ shm, memoryBytes, folder }: MachineFacts): Finding {
  const disk = `The store of objects then lies on disk, in ${folder.path}: it works, and is slower for large objects.`
  if (!shm.exists || !shm.isWritable) {
    return warning('shm.missing', '/dev/shm cannot be used', {
      detail: `${shm.exists ? 'It cannot be written by this user.' : 'There is none.'} ${disk}`,
      remedy: 'As root there: mkdir -p /dev/shm && mount -t tmpfs -o mode=1777 tmpfs /dev/shm. For a container: docker run --shm-size=8g',
      command: 'mkdir -p /dev/shm && mount -t tmpfs -o mode=1777 tmpfs /dev/shm',
    })
  }
  if (shm.freeBytes < leastShmBytes) {
    return warning('shm.small', '/dev/shm is too small', {
      detail: `${bytes(shm.freeBytes)} of ${bytes(shm.sizeBytes)} are free; a store needs ${bytes(leastShmBytes)} at least. ${disk}`,
      remedy: 'As root there: mount -o remount,size=8G /dev/shm. For a container: docker run --shm-size=8g',
      command: 'mount -o remount,size=8G /dev/shm',
    })
  }
  if (shm.freeBytes < memoryBytes * shareOfMemory * 0.5) {
    return warning('shm.limited', '/dev/shm is small for this machine', {
      detail: `${bytes(shm.freeBytes)} of ${bytes(shm.sizeBytes)} are free, so the store gets ${bytes(shm.freeBytes * 0.8)}; with this memory it would get ${bytes(memoryBytes * shareOfMemory)}. What is beyond goes to disk.`,
      remedy: 'For more, as root there: mount -o remount,size=50% /dev/shm. For a container: docker run --shm-size=8g',
      command: 'mount -o remount,size=50% /dev/shm',
    })
  }
  return ok('shm', 'Shared memory', `${bytes(shm.freeBytes)} of ${bytes(shm.sizeBytes)} are free in /dev/shm.`)
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
