import { useEffect, useEffectEvent } from 'react'
import { toast } from 'sonner'
import type { DesktopCommand } from '../../src-main/contract/desktop-bridge.ts'
import { useLanguage } from '../i18n/use-language.ts'
import { useText } from '../i18n/messages.ts'
import { useGo } from '../navigation/use-navigation.ts'
import { keepAppearance, readAppearance, themeEvent } from '../util/theme.ts'
import { messages } from './messages.ts'
import type { ShellState } from './shell-state.ts'

/** In the desktop's window: does what its menus, tray, links and notices ask for, and tells it how the page looks. */
export function useDesktop({ openPalette, openShortcuts }: ShellState): void {
  const t = useText(messages)
  const go = useGo()
  const language = useLanguage()
  const obey = useEffectEvent((command: DesktopCommand) => {
    if ('go' in command) go(command.go)
    else if ('open' in command) (command.open === 'palette' ? openPalette : openShortcuts)()
    else if ('theme' in command) keepAppearance({ ...readAppearance(), theme: command.theme })
    else {
      const restart = { label: t('updateRestart'), onClick: () => void window.shoalDesktop?.ask('restartToUpdate', {}) }
      toast(t('updateReady', { version: command.update.version }), { duration: Number.POSITIVE_INFINITY, action: restart })
    }
  })
  useEffect(() => window.shoalDesktop?.onCommand(obey), [])
  useEffect(() => {
    const tell = () => void window.shoalDesktop?.ask('setAppearance', { theme: readAppearance().theme, language }).catch(() => {}) // its frame stays as it is
    tell()
    window.addEventListener(themeEvent, tell)
    return () => window.removeEventListener(themeEvent, tell)
  }, [language])
}
