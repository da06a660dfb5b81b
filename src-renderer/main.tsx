import { currentLanguage } from './i18n/language.ts'
import { loadAgain } from './util/load-again.ts'
import { applyAppearance, followSystem, readAppearance } from './util/theme.ts'
import './styles.css'

// Small, and without what draws: it has the page's colours right at once, and is there to tell when the rest does not come.
const notLoaded = {
  en: 'This page could not be loaded from the panel. See that the panel still runs, then load the page again.',
  ja: 'パネルからこのページを読み込めませんでした。パネルが動作しているか確認し、ページを再読み込みしてください。',
}

applyAppearance(readAppearance())
followSystem()
document.documentElement.lang = currentLanguage()

const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no #root')

try {
  const { drawApp } = await loadAgain(() => import('./app.tsx'))
  drawApp(place)
} catch {
  place.setAttribute('role', 'alert')
  place.textContent = notLoaded[currentLanguage()]
}
