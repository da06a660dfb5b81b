import { app } from 'electron'
import { join } from 'node:path'
import { DesktopPreferences } from '../contract/desktop-bridge.ts'
import { JsonFile } from '../storage/json-file.ts'
import { DesktopState, noState } from './window-state.ts'
import { type Words, wordsIn } from './words.ts'

/** What the desktop remembers from one start to the next. */
export class DesktopFiles {
  readonly preferences: JsonFile<DesktopPreferences>
  readonly #state: JsonFile<DesktopState>
  #latest: DesktopState
  #timer: NodeJS.Timeout | undefined

  private constructor(preferences: JsonFile<DesktopPreferences>, state: JsonFile<DesktopState>) {
    this.preferences = preferences
    this.#state = state
    this.#latest = state.data
  }

  static async open(folder: string): Promise<DesktopFiles> {
    const preferences = JsonFile.open<DesktopPreferences>({
      path: join(folder, 'preferences.json'),
      schema: DesktopPreferences,
      version: 1,
      empty: () => DesktopPreferences.parse({}),
    })
    const state = JsonFile.open<DesktopState>({
      path: join(folder, 'windows.json'),
      schema: DesktopState,
      version: 1,
      empty: () => noState,
      isDurable: false,
    })
    return new DesktopFiles(await preferences, await state)
  }

  get warnings(): readonly string[] {
    return [this.preferences.warning, this.#state.warning].filter((each) => each !== undefined)
  }

  get state(): DesktopState {
    return this.#latest
  }

  get words(): Words {
    const { language } = this.#latest
    return wordsIn(language ?? (app.getPreferredSystemLanguages()[0]?.toLowerCase().startsWith('ja') === true ? 'ja' : 'en'))
  }

  /** Holds from now on; it is in the file a moment later. */
  change(part: Partial<DesktopState>): void {
    this.#latest = { ...this.#latest, ...part }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.save(), saveAfterMs)
  }

  async save(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#state.update(() => this.#latest).catch(() => {}) // a full disk: the windows open where they were before
  }
}

/** A window that is dragged changes many times a second. */
const saveAfterMs = 500
