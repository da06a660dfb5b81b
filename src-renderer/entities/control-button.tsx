import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '../ui/button.tsx'
import type { Control, ControlTarget } from './control-actions.ts'
import type { useControl } from './control-dialog.tsx'

type ControlButtonProps = {
  readonly control: Pick<ReturnType<typeof useControl>, 'ask' | 'whyNot'>
  readonly action: Control
  readonly target: ControlTarget
  readonly icon: LucideIcon
  /** It has ended: there is nothing to do to it. */
  readonly isOver: boolean
  readonly children: ReactNode
}

/** Does something to the thing of a page, after asking; where the head cannot, it says why. */
export function ControlButton({ control, action, target, icon, isOver, children }: ControlButtonProps) {
  const why = control.whyNot(action)
  return (
    <span title={why} className="inline-flex">
      <Button
        variant="danger"
        icon={icon}
        disabled={isOver || why !== undefined}
        {...(why !== undefined && { 'aria-description': why })}
        onClick={() => control.ask(action, [target])}
      >
        {children}
      </Button>
    </span>
  )
}
