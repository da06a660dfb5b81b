import { toast } from 'sonner'

/** What went wrong with an act that has no place of its own to say it; it stays until somebody closed it. */
export const tellError = (error: unknown): void =>
  void toast.error(error instanceof Error ? error.message : String(error), { duration: Number.POSITIVE_INFINITY })
