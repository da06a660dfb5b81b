import { classNames } from './class-names.ts'

/** Stands where something will be, at the first load only. */
export function Skeleton({ className }: { readonly className?: string }) {
  return <span aria-hidden className={classNames('block animate-pulse-soft rounded-md bg-sunken', className)} />
}

export function SkeletonRows({ rows = 8 }: { readonly rows?: number }) {
  return (
    <div aria-hidden className="flex flex-col gap-2 py-2">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} className="h-5" />
      ))}
    </div>
  )
}
