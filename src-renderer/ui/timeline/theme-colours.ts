import { barStates } from './bar-table.ts'
import { type ColourBy, dimClass } from './shading.ts'

/** Red, green and blue from 0 to 255. */
export type Rgb = readonly [number, number, number]

export type ThemeColours = {
  readonly canvas: string
  readonly surface: string
  readonly ink: string
  readonly soft: string
  readonly faint: string
  readonly line: string
  readonly accent: string
  readonly onAccent: string
  readonly bad: string
  readonly font: string
  /** Of each colour class. */
  readonly classes: Readonly<Record<ColourBy, readonly Rgb[]>>
  /** For text on it, and on a bar of it that runs. */
  readonly onClasses: Readonly<Record<ColourBy, readonly string[]>>
  readonly onOpen: Readonly<Record<ColourBy, readonly string[]>>
  /** For a failure at the foot of a bar. */
  readonly badRgb: Rgb
  /** For density, where no class dominates. */
  readonly crowd: Rgb
  readonly crowdCss: string
}

/** A bar that runs is lighter. */
export const openOpacity = 0.6

const toneOfState = { running: '--info', blocked: '--warn', finished: '--good', failed: '--bad', cancelled: '--idle' } as const

/** The colours that the page has now, at this element. */
export function readTheme(element: Element): ThemeColours {
  const style = getComputedStyle(element)
  const text = (name: string) => style.getPropertyValue(name).trim() || '#808080'
  const rgb = rgbReader()
  const surface = rgb(text('--surface'))
  const dim = mix(surface, rgb(text('--strong')), 0.3)
  const series = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => rgb(text(`--series-${number}`)))
  const states = barStates.map((state) => rgb(text(toneOfState[state])))
  const classes = { function: withDim(series, dim), state: withDim(states, dim) }
  const crowd = mix(surface, rgb(text('--accent')), 0.5)
  const on = (colour: Rgb) => cssOf(textOn(colour, [surface, rgb(text('--ink'))]))
  const onOpen = (colour: Rgb) => on(mix(surface, colour, openOpacity))
  return {
    canvas: text('--canvas'),
    surface: text('--surface'),
    ink: text('--ink'),
    soft: text('--soft'),
    faint: text('--faint'),
    line: text('--line'),
    accent: text('--accent'),
    onAccent: text('--on-accent'),
    bad: text('--bad'),
    font: style.fontFamily,
    classes,
    onClasses: { function: classes.function.map(on), state: classes.state.map(on) },
    onOpen: { function: classes.function.map(onOpen), state: classes.state.map(onOpen) },
    badRgb: rgb(text('--bad')),
    crowd,
    crowdCss: cssOf(crowd),
  }
}

/** A pixel as an ImageData has it on machines of little end, which all browsers run on. */
export const pixelOf = ([red, green, blue]: Rgb, opacity: number): number =>
  ((Math.round(opacity * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0

export const mix = (one: Rgb, other: Rgb, part: number): Rgb => [
  Math.round(one[0] + (other[0] - one[0]) * part),
  Math.round(one[1] + (other[1] - one[1]) * part),
  Math.round(one[2] + (other[2] - one[2]) * part),
]

export const cssOf = ([red, green, blue]: Rgb, opacity = 1): string => `rgb(${red} ${green} ${blue} / ${opacity})`

/** Whichever of two can be read better on the colour. */
function textOn(colour: Rgb, choices: readonly [Rgb, Rgb]): Rgb {
  const [one, other] = choices.map((choice) => contrastOf(choice, colour))
  return choices[(one ?? 0) >= (other ?? 0) ? 0 : 1]
}

/** As WCAG has it. */
function contrastOf(one: Rgb, other: Rgb): number {
  const [light, dark] = [lightOf(one), lightOf(other)].sort((a, b) => b - a)
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
}

function lightOf(colour: Rgb): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => (part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function withDim(classes: readonly Rgb[], dim: Rgb): readonly Rgb[] {
  return Array.from({ length: dimClass + 1 }, (_, number) => (number === dimClass ? dim : (classes[number] ?? dim)))
}

/** Lets the browser read a colour, whatever its notation. */
function rgbReader(): (colour: string) => Rgb {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  return (colour) => {
    if (!context) return [128, 128, 128]
    context.fillStyle = colour
    context.fillRect(0, 0, 1, 1)
    const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data
    return [red, green, blue]
  }
}
