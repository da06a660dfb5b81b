import * as shoal from 'shoal'

/** Joins the cluster of the folder that it is given, says which job it is, and leaves when nobody listens any more. */
const [address = '', tempDir = ''] = process.argv.slice(2)
await shoal.init({ address, tempDir })
console.log(shoal.runtimeContext().jobId)
process.stdin.on('end', () => void shoal.shutdown()).resume()
