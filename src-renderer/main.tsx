import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { currentLanguage } from './i18n/language.ts'
import { textOf } from './i18n/messages.ts'
import { messages } from './shell/messages.ts'
import { loadAgain } from './util/load-again.ts'
import { applyAppearance, followSystem, readAppearance } from './util/theme.ts'
import './styles.css'

applyAppearance(readAppearance())
followSystem()
document.documentElement.lang = currentLanguage()

const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no #root')

try {
  const [{ queryClient }, { router }] = await loadAgain(() => Promise.all([import('./api/panel.ts'), import('./routes.tsx')]))
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  )
} catch (error) {
  // Nothing that could draw a page is there.
  place.setAttribute('role', 'alert')
  place.textContent = textOf(messages, 'notLoaded', { reason: error instanceof Error ? error.message : String(error) })
}
