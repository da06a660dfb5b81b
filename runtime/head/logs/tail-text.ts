import { letterStart, wholeLetters } from '../../logs/line-splitter.ts'

const newline = 10

/**
 * How much of `bytes` makes one message of text: up to the last line break where more follows, so that messages hold whole lines; where a
 * line is longer, or all is here, up to the last letter that is whole. 0: wait for more.
 */
export function wholePart(
  bytes: Uint8Array,
  { hasMore, longestBytes }: { readonly hasMore: boolean; readonly longestBytes: number },
): number {
  const most = Math.min(bytes.byteLength, longestBytes)
  if (hasMore || most < bytes.byteLength) {
    const broken = bytes.subarray(0, most).lastIndexOf(newline) + 1
    if (broken > 0) return broken
  }
  return most < bytes.byteLength ? letterStart(bytes, most) : wholeLetters(bytes)
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** Bytes that are not UTF-8 become replacement characters. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)
