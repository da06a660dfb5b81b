// What the programs of the soak must come to, without a cluster. They print `ANSWER …`, and who submitted them knows what must stand there.

/** Sum of 3 i + 1 over the first tasks. */
export const answerOfTasks = (count: number): string => String((3 * count * (count - 1)) / 2 + count)

/** Each object holds its number everywhere; the pairs add theirs up. */
export const answerOfObjects = (count: number, bytes: number): string => {
  let sum = 0
  for (let index = 0; index < count; index += 1) sum += (index % 251) * bytes
  return String(sum)
}

export const answerOfActors = (actors: number, calls: number): string => {
  let sum = 0
  for (let actor = 0; actor < actors; actor += 1) for (let call = 0; call < calls; call += 1) sum += actor * 1_000 + call
  return String(sum)
}

/** The last argument is what it must be. Said on standard output, and by how the program ends: what is said may be lost on a full disk. */
export function tellAnswer(answer: number): void {
  console.log(`ANSWER ${answer}`)
  if (String(answer) !== process.argv.at(-1)) throw new Error(`the answer is ${answer}, not ${process.argv.at(-1)}`)
}
