// A driver that has mapped memory, and then fails.
import * as shoal from 'shoal'

await shoal.init({ numCpus: 1 })
await shoal.get(await shoal.put(new Float64Array(1_000_000)))
throw new RangeError('the program is at fault')
