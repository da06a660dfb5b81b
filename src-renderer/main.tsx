import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { signIn } from './api/web-wire.ts'
import { currentLanguage } from './i18n/language.ts'
import { applyAppearance, followSystem, readAppearance } from './util/theme.ts'
import './styles.css'

applyAppearance(readAppearance())
followSystem()
document.documentElement.lang = currentLanguage()

const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no #root')

// The connection opens as its module is loaded, so the session must be there before.
if (window.shoalDesktop === undefined) await signIn()
const [{ queryClient }, { router }] = await Promise.all([import('./api/panel.ts'), import('./routes.tsx')])

createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
