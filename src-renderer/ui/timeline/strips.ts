/**
 * Many lines of pixels, each to be stretched to the height of a bar: pixels are set one by one, and a whole frame reaches the canvas in a few
 * copies, however many bars it shows.
 */
export class Strips {
  readonly #canvas = new OffscreenCanvas(1, 1)
  readonly #context = this.#canvas.getContext('2d')
  #image: ImageData | undefined
  #pixels = new Uint32Array(0)
  #width = 0

  /** Clears so many lines of `width` device pixels. */
  begin(width: number, lines: number): void {
    if (!this.#image || this.#width !== width || this.#image.height < lines) {
      this.#width = width
      this.#image = new ImageData(Math.max(1, width), Math.max(1, Math.ceil(lines * 1.25)))
      this.#pixels = new Uint32Array(this.#image.data.buffer)
      this.#canvas.width = this.#image.width
      this.#canvas.height = this.#image.height
    } else this.#pixels.fill(0, 0, width * lines)
  }

  /** The pixels of a line. */
  line(number: number): Uint32Array {
    return this.#pixels.subarray(number * this.#width, (number + 1) * this.#width)
  }

  /** Ends the writing of the first `lines` lines. */
  commit(lines: number): void {
    if (this.#image && lines > 0) this.#context?.putImageData(this.#image, 0, 0, 0, 0, this.#width, lines)
  }

  /** Draws a line as high as said, in CSS pixels. */
  draw(
    context: CanvasRenderingContext2D,
    number: number,
    place: { readonly y: number; readonly height: number; readonly width: number },
  ): void {
    context.drawImage(this.#canvas, 0, number, this.#width, 1, 0, place.y, place.width, place.height)
  }
}
