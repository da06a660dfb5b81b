/** A colour in sRGB, each part from 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** One step of a ramp: what is filled, and a text that can be read on it. */
export type RampStep = { readonly fill: string; readonly text: string }

/** Reads `#rgb` or `#rrggbb`, as the themes write their colours. */
export function parseHex(text: string): Rgb {
  const digits = text.trim().replace('#', '')
  const wide = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits
  const value = Number.parseInt(wide, 16)
  return Number.isNaN(value) ? [128, 128, 128] : [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

export const toHex = (colour: Rgb): string =>
  `#${colour
    .map((part) =>
      Math.min(255, Math.max(0, Math.round(part)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`

/** The same colour, seen through: `alpha` from 0 to 1. */
export const withAlpha = (hex: string, alpha: number): string => `rgb(${parseHex(hex).join(' ')} / ${alpha})`

/**
 * Even steps from one colour to another as the eye sees them. Black or white stands on each: one of the two is always at
 * 4.5 : 1 or better, which no pair of softer colours could promise in the middle of the ramp.
 */
export function rampOf(from: string, to: string, steps: number): RampStep[] {
  const [start, end] = [toOklab(parseHex(from)), toOklab(parseHex(to))]
  return Array.from({ length: steps }, (_, step) => {
    const part = steps === 1 ? 1 : step / (steps - 1)
    const fill = toHex(fromOklab(mix(start, end, part)))
    return { fill, text: contrast(fill, '#000000') >= contrast(fill, '#ffffff') ? '#000000' : '#ffffff' }
  })
}

/** The step for a value from 0 to 1; beyond them it is the first or the last. */
export function stepOf<Step>(ramp: readonly Step[], value: number): Step | undefined {
  return ramp[Math.min(ramp.length - 1, Math.max(0, Math.round(value * (ramp.length - 1))))]
}

/** How well one is told from the other, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(parseHex(one)), luminance(parseHex(other))].sort((a, b) => b - a)
  return (high + 0.05) / (low + 0.05)
}

type Triple = readonly [number, number, number]

const mix = (from: Triple, to: Triple, part: number): Triple => [
  from[0] + (to[0] - from[0]) * part,
  from[1] + (to[1] - from[1]) * part,
  from[2] + (to[2] - from[2]) * part,
]

const toLinear = (part: number) => (part <= 10.31475 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)
const fromLinear = (part: number) => 255 * (part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055)

function luminance(colour: Rgb): number {
  return 0.2126 * toLinear(colour[0]) + 0.7152 * toLinear(colour[1]) + 0.0722 * toLinear(colour[2])
}

// The matrices are those of the Oklab colour space, in which equal distances look equal.
function toOklab(colour: Rgb): Triple {
  const [red, green, blue] = [toLinear(colour[0]), toLinear(colour[1]), toLinear(colour[2])]
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ]
}

function fromOklab([light, a, b]: Triple): Rgb {
  const long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const short = (light - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    fromLinear(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
    fromLinear(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
    fromLinear(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short),
  ]
}
