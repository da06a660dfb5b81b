/** A lease as it lies on the head's machine. Each change of it is a new generation; the highest one counts, and none is changed once it is there. */
export type Lease = {
  readonly generation: number
  /** Nobody: `-`. */
  readonly holderId: string
  readonly label: string
  /** By that machine's clock, in seconds. */
  readonly sinceS: number
  /** 0 once it is given back. */
  readonly expiresS: number
}

/** What was seen there. `nowS` is that machine's clock: ours may be hours off. */
export type Seen = { readonly nowS: number; readonly lease: Lease | null }

export type Wish = 'acquire' | 'renew' | 'take-over' | 'release'

/** `claim`: make the generation after `after`, if that is still the highest. */
export type Decision =
  | { readonly do: 'claim'; readonly after: number; readonly sinceS: number; readonly expiresS: number }
  | { readonly do: 'refuse'; readonly holder: Lease }
  | { readonly do: 'nothing' }

/** More than a lease can have left: it was written before the clock there was set back. Whoever holds it renews it within seconds. */
const slackS = 5

export const isStanding = ({ nowS, lease }: Seen, ttlS: number): boolean =>
  lease !== null && lease.expiresS > nowS && lease.expiresS <= nowS + ttlS + slackS

/** May I have what I wish? `ttlS` is how long a lease stands without being renewed. */
export function decideLease(seen: Seen, { wish, holderId, ttlS }: { wish: Wish; holderId: string; ttlS: number }): Decision {
  const { lease, nowS } = seen
  const stands = isStanding(seen, ttlS)
  const isMine = lease?.holderId === holderId
  const claim = (sinceS: number, expiresS: number): Decision => ({ do: 'claim', after: lease?.generation ?? 0, sinceS, expiresS })
  switch (wish) {
    case 'acquire':
      if (stands && !isMine) return { do: 'refuse', holder: lease as Lease } // what stands is there
      return claim(stands && lease ? lease.sinceS : nowS, nowS + ttlS)
    case 'take-over':
      return claim(stands && isMine && lease ? lease.sinceS : nowS, nowS + ttlS)
    case 'renew':
      // Expired is not lost: as long as nobody else came, the work that it stands for went on undisturbed.
      if (lease === null || !isMine || lease.expiresS === 0) return lease === null ? claim(nowS, nowS + ttlS) : refusal(lease)
      return claim(lease.sinceS, nowS + ttlS)
    case 'release':
      return lease !== null && isMine && lease.expiresS > 0 ? claim(lease.sinceS, 0) : { do: 'nothing' }
  }
}

const refusal = (holder: Lease): Decision => ({ do: 'refuse', holder })
