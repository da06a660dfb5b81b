import { Outlet, useLocation, useParams } from '@tanstack/react-router'
import { PlugZap } from 'lucide-react'
import { Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { Toaster } from 'sonner'
import { useConnection } from '../api/panel.ts'
import { useText } from '../i18n/messages.ts'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { SkeletonRows } from '../ui/skeleton.tsx'
import { TooltipProvider } from '../ui/tooltip.tsx'
import { QuestionDesk } from '../features/questions/question-desk.tsx'
import { ErrorBoundary } from './error-boundary.tsx'
import { messages } from './messages.ts'
import { Palette } from './palette.tsx'
import { ShellContext } from './shell-state.ts'
import { ShortcutsDialog } from './shortcuts-dialog.tsx'
import { Sidebar } from './sidebar.tsx'
import { useDesktop } from './use-desktop.ts'
import { useShortcuts } from './use-shortcuts.ts'

/** What stands around every page. */
export function Layout() {
  const t = useText(messages)
  const { cluster } = useParams({ strict: false }) as { cluster?: string } // of whichever route is open
  const pathname = useLocation({ select: (location) => location.pathname })
  const connection = useConnection()
  const [isPaletteOpen, setPaletteOpen] = useState(false)
  const [isHelpOpen, setHelpOpen] = useState(false)
  const shell = useMemo(() => ({ openPalette: () => setPaletteOpen(true), openShortcuts: () => setHelpOpen(true) }), [])
  useShortcuts(cluster, shell)
  useDesktop(shell)
  const main = useRef<HTMLElement>(null)
  useEffect(() => {
    // The link that led here may be gone with its page, and the focus with it.
    if (document.activeElement === document.body) main.current?.focus()
  }, [pathname])
  if (connection.kind === 'refused') return <Refused reason={connection.reason} />
  return (
    <ShellContext value={shell}>
      <TooltipProvider>
        <a href="#page" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-raised focus:p-2">
          {t('skip')}
        </a>
        <div className="flex h-full">
          <Sidebar cluster={cluster} />
          <main ref={main} id="page" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
            <ErrorBoundary resetKey={pathname}>
              <Suspense fallback={<PageSkeleton />}>
                <Outlet />
              </Suspense>
            </ErrorBoundary>
          </main>
        </div>
        <Palette isOpen={isPaletteOpen} onOpenChange={setPaletteOpen} cluster={cluster} />
        <ShortcutsDialog isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} cluster={cluster} />
        <QuestionDesk />
        <Toaster position="bottom-right" closeButton theme="system" />
      </TooltipProvider>
    </ShellContext>
  )
}

const PageSkeleton = () => (
  <div className="px-6 pt-12">
    <SkeletonRows rows={10} />
  </div>
)

function Refused({ reason }: { readonly reason: 'signed-out' | 'other-version' }) {
  const t = useText(messages)
  const isOther = reason === 'other-version'
  return (
    <main className="flex h-full items-center">
      <EmptyState
        icon={PlugZap}
        title={isOther ? t('otherVersionTitle') : t('signedOutTitle')}
        action={
          <Button variant="primary" onClick={() => location.reload()}>
            {t('reload')}
          </Button>
        }
      >
        {isOther ? t('otherVersion') : t('signedOut')}
      </EmptyState>
    </main>
  )
}
