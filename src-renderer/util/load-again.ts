const waitsMs = [200, 600, 1_500, 3_000]

/**
 * Tries again what was lost on its way, such as a file of the page while this computer changes its network.
 * @throws whatever `load` failed with the last time
 */
export async function loadAgain<Value>(load: () => Promise<Value>): Promise<Value> {
  for (const waitMs of waitsMs) {
    try {
      return await load()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
  return load()
}
