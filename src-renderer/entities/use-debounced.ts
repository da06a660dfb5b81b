import { useEffect, useState } from 'react'

/** A value once it stood still for so long. */
export function useDebounced<Value>(value: Value, forMs = 250): Value {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), forMs)
    return () => clearTimeout(timer)
  }, [value, forMs])
  return settled
}
