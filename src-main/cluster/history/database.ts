import { closeSync, existsSync, fchmodSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toError } from '../../../runtime/base/errors.ts'
import { taskStates } from '../../../runtime/base/task-states.ts'
import type { Logger } from '../../../runtime/base/logger.ts'
import { filesSchema } from './record-files.ts'

const schemaVersion = 1
/** Records of this many broken files are kept beside the new one; older ones go. */
const keptDamaged = 2

const schema = `
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE words (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE states (code INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE things (kind TEXT NOT NULL, id TEXT NOT NULL, row TEXT NOT NULL, at_ms REAL NOT NULL, is_over INTEGER NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE tasks (
  number INTEGER PRIMARY KEY, task_id BLOB NOT NULL, attempt INTEGER NOT NULL, state INTEGER NOT NULL, name INTEGER NOT NULL, type INTEGER NOT NULL,
  job INTEGER NOT NULL, actor INTEGER, node INTEGER, worker INTEGER, error INTEGER, created_ms REAL, started_ms REAL, ended_ms REAL, at_ms REAL NOT NULL,
  more TEXT, UNIQUE (task_id, attempt));
CREATE TABLE events (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, at_ms REAL NOT NULL, row TEXT NOT NULL);
CREATE TABLE gaps (number INTEGER PRIMARY KEY, at_ms REAL NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE log_chunks (job TEXT NOT NULL, offset INTEGER NOT NULL, next INTEGER NOT NULL, at_ms REAL NOT NULL, text TEXT NOT NULL, PRIMARY KEY (job, offset));
CREATE TABLE logs (job TEXT PRIMARY KEY, next INTEGER NOT NULL, kept_bytes INTEGER NOT NULL, is_whole INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE samples (node_id TEXT NOT NULL, at_ms INTEGER NOT NULL, figures TEXT NOT NULL, PRIMARY KEY (at_ms, node_id)) WITHOUT ROWID;
`

/** The database of one cluster's record. One that is broken is set aside under another name, and a new one is begun. */
export function openRecordDatabase(path: string, logger: Logger): DatabaseSync {
  try {
    return open(path)
  } catch (error) {
    if (!isDamage(error) || !existsSync(path)) throw error
    setAside(path, logger, error)
    return open(path)
  }
}

/** The files that SQLite puts beside it get the same mode. */
function closeToOthers(path: string): void {
  const file = openSync(path, 'a', 0o600)
  fchmodSync(file, 0o600)
  closeSync(file)
}

function open(path: string): DatabaseSync {
  closeToOthers(path)
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA auto_vacuum = INCREMENTAL') // takes effect in a file that is new
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = OFF') // survives our own end; a computer that loses power loses the last moments
    database.exec('PRAGMA journal_size_limit = 8388608')
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
    const tables = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] ?? 0)
    if (version === 0 && tables === 0) create(database)
    else if (version !== schemaVersion) throw Object.assign(new Error(`it is of another version, ${version}`), { errcode: 26 })
    database.exec(filesSchema)
    // Broken pages show when they are read; these are the ones that every start needs.
    database.prepare('SELECT count(*) FROM facts').get()
    database.prepare('SELECT max(number) FROM words').get()
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function create(database: DatabaseSync): void {
  database.exec('BEGIN')
  database.exec(schema)
  const insert = database.prepare('INSERT INTO states (code, name) VALUES (?, ?)')
  for (const [code, name] of taskStates.entries()) insert.run(code, name)
  database.exec(`PRAGMA user_version = ${schemaVersion}`)
  database.exec('COMMIT')
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, with their extended codes. */
export function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  return code === 11 || code === 26
}

/** The file stays, for who wants to save something from it, until newer broken ones come. */
export function setAside(path: string, logger: Logger, error: unknown): void {
  const name = `${path}.damaged-${Date.now()}`
  renameSync(path, name)
  for (const ending of ['-wal', '-shm']) rmSync(path + ending, { force: true })
  logger.error('history.damaged', { file: basename(name), reason: toError(error).message })
  const older = readdirSync(dirname(path))
    .filter((each) => each.startsWith(`${basename(path)}.damaged-`))
    .sort()
  for (const each of older.slice(0, -keptDamaged)) rmSync(join(dirname(path), each), { force: true })
}
