import { Link } from '@tanstack/react-router'
import type { ComponentProps, ReactNode } from 'react'
import { decodeQuery } from './query.ts'

type PathLinkProps = Pick<
  ComponentProps<'a'>,
  'className' | 'title' | 'onClick' | 'aria-label' | 'aria-current' | 'tabIndex' | 'onFocus'
> & {
  readonly to: string
  readonly children: ReactNode
}

const plain = 'text-accent underline-offset-2 hover:underline'

/** A link to an address that `paths` made. */
export function PathLink({ to, className = plain, children, ...rest }: PathLinkProps) {
  const [path = '/', query = ''] = to.split('?')
  return (
    <Link to={path} search={decodeQuery(query)} className={className} {...rest}>
      {children}
    </Link>
  )
}
