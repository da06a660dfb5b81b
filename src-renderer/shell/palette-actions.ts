import { Languages, type LucideIcon, Moon, Play, PlusCircle, Rocket, Server, Sun, SunMoon } from 'lucide-react'
import { useText } from '../i18n/messages.ts'
import { setLanguage } from '../i18n/language.ts'
import { paths } from '../navigation/paths.ts'
import { useGo } from '../navigation/use-navigation.ts'
import { keepAppearance, readAppearance, type ThemeChoice } from '../util/theme.ts'
import { messages } from './messages.ts'

export type PaletteAction = { readonly label: string; readonly icon: LucideIcon; readonly run: () => void }

/** What one can do from anywhere. */
export function usePaletteActions(cluster: string | undefined): readonly PaletteAction[] {
  const t = useText(messages)
  const go = useGo()
  const show = (theme: ThemeChoice) => keepAppearance({ ...readAppearance(), theme })
  return [
    ...(cluster === undefined ? [] : [{ label: t('submit'), icon: Play, run: () => go(paths.submit(cluster)) }]),
    { label: t('newCluster'), icon: PlusCircle, run: () => go(paths.newCluster()) },
    { label: t('addMachines'), icon: Server, run: () => go(paths.machines({ add: 'paste' })) },
    { label: t('tryLocal'), icon: Rocket, run: () => go(paths.home()) },
    { label: t('themeLight'), icon: Sun, run: () => show('light') },
    { label: t('themeDark'), icon: Moon, run: () => show('dark') },
    { label: t('themeSystem'), icon: SunMoon, run: () => show('system') },
    { label: t('languageEnglish'), icon: Languages, run: () => setLanguage('en') },
    { label: t('languageJapanese'), icon: Languages, run: () => setLanguage('ja') },
  ]
}
