/** One line of the report. `name` is Ray's where Ray has such a benchmark. */
export type Row = {
  readonly name: string
  readonly unit: Unit
  /**
   * `cluster`: by the program that lives as long as the run, one for each side. `alone`: by a program of its own, with whatever
   * processes it starts. `start` and `idle`: a program that only starts a cluster, watched from outside. `on-ray`: as `cluster`, but our
   * program runs on a Ray of its own, so that the SDK on Ray stands beside Ray's own Python.
   */
  readonly runs: 'cluster' | 'alone' | 'start' | 'idle' | 'on-ray'
  /** Of a row `on-ray`: the row `cluster` whose calls it makes. */
  readonly like?: string
  /** Whether Ray can do the same, so that the two can be told against each other. */
  readonly onRay: boolean
  readonly budget: Budget | null
  /** What one call, or one sample, is. */
  readonly how: string
}

/** Rates and throughputs are better when higher, the others when lower. */
export type Unit = '/s' | 'GB/s' | 's' | 'ms' | 'µs' | 'MB'

/** In the row's unit; or a share of what the row measures beside it, in the same process and the same minute. */
export type Budget = number | { readonly shareOf: string; readonly share: number }

export const isBetterHigher = (unit: Unit): boolean => unit === '/s' || unit === 'GB/s'

/** Ray's own benchmarks, by Ray's names and in Ray's order (Ray: ray_perf.py). Counts are Ray's; `--quick` takes a tenth of the big ones. */
const rayRows: readonly Row[] = [
  ray('single client get calls (Plasma Store)', 'get of one small number that was put', 500_000),
  ray('single client put calls (Plasma Store)', 'put of a small number', 100_000),
  ray('multi client put calls (Plasma Store)', '10 tasks, each 100 puts of a small number; counts 1,000'),
  ray('single client put gigabytes', 'put of one array of 838.9 MB, which Ray counts as 0.8 GB', null, 'GB/s'),
  ray('single client tasks and get batch', '1,000 tasks and one get of all; counts 1'),
  ray('multi client put gigabytes', '10 tasks, each 10 puts of a new array of 83.9 MB; counts 8 GB', null, 'GB/s'),
  ray('single client get object containing 10k refs', 'get of a list of 10,000 refs that a task put'),
  ray('single client wait 1k refs', '1,000 tasks, then 1,000 waits for one more of them; counts 1', 100),
  ray('single client tasks sync', 'one task, and get', 8_000),
  ray('single client tasks async', '1,000 tasks, then get of all; counts 1,000. The goal after the budget is 200,000', 60_000),
  ray('multi client tasks async', '4 actors, each 10,000 tasks and one get of all; counts 40,000'),
  ray('1:1 actor calls sync', 'one call, and get', 8_000),
  ray('1:1 actor calls async', '1,000 calls, then get of all; counts 1,000', 100_000),
  ray('1:1 actor calls concurrent', 'the same on an actor that may run 16 calls at once'),
  ray('1:n actor calls async', 'a client actor calls each of n actors 5,000 times, and gets all'),
  ray('n:n actor calls async', '4 tasks, each 5,000 calls in turn on n actors; counts 20,000'),
  ray('n:n actor calls with arg async', 'n client actors, each 1,000 calls of its own actor with one ref'),
  ray('1:1 async-actor calls sync', 'one call of an async method, and get', 8_000),
  ray('1:1 async-actor calls async', '1,000 calls of an async method, then get of all; counts 1,000', 100_000),
  ray('1:1 async-actor calls with args async', 'the same with a number as argument'),
  ray('1:n async-actor calls async', 'a client actor calls each of n async actors 5,000 times, and gets all'),
  ray('n:n async-actor calls async', '4 tasks, each 5,000 calls in turn on n async actors; counts 20,000'),
  ray('placement group create/removal', '100 groups of one bundle, wait for all, remove all; counts 100'),
]

/** What we promise beyond Ray's benchmarks. */
const ownRows: readonly Row[] = [
  {
    ...{ name: 'put of 100 MB arrays', unit: 'GB/s', runs: 'cluster', onRay: true },
    budget: { shareOf: 'memcpy of 100 MB', share: 0.9 },
    how: 'put of one array of 100 MB, let go at once; beside it, ours copies 100 MB between two warm arrays',
  },
  {
    ...{ name: 'get of 100 MB, same node', unit: 'µs', runs: 'cluster', onRay: true, budget: 20 },
    how: 'first get of an array of 100 MB that a task made on this node and that is known to be ready',
  },
  {
    ...{ name: 'get of 100 MB again, same node', unit: 'µs', runs: 'cluster', onRay: true, budget: null },
    how: 'a second get of such an array, while the first view lives',
  },
  {
    ...{ name: 'array of 100 MB to a task and back', unit: 'ms', runs: 'cluster', onRay: true, budget: null },
    how: 'a task with an array of 100 MB as argument that returns it, and get, after two such tasks',
  },
  {
    ...{ name: 'memory of a worker that ran a task', unit: 'MB', runs: 'cluster', onRay: true, budget: null },
    how: 'PSS of a worker that has run small tasks, without what it has mapped of the store; on Ray ours are two processes, of Python and of Node',
  },
  {
    ...{ name: 'object to another node, loopback TLS', unit: 'GB/s', runs: 'alone', onRay: false, budget: 1.5 },
    how: 'get by an actor on a second node of this machine of an array of 100 MB put on the first, after two such gets to warm up; links are always TLS',
  },
  {
    ...{ name: 'head ready to serve', unit: 's', runs: 'start', onRay: true, budget: 0.6 },
    how: 'init() of a new cluster, from the call until it returns, in a new process; its own start is not counted',
  },
  {
    ...{ name: 'idle memory of a head node', unit: 'MB', runs: 'idle', onRay: true, budget: 200 },
    how: 'PSS of all processes of such a cluster, the program that started it left out, 5 s after init()',
  },
  {
    ...{ name: 'worker process ready', unit: 'ms', runs: 'alone', onRay: false, budget: 45 },
    how: 'from spawn to its message that it takes work, one after the other',
  },
  {
    ...{ name: 'worker process memory', unit: 'MB', runs: 'alone', onRay: false, budget: 14 },
    how: 'PSS of one idle worker among 8',
  },
  {
    ...{ name: '1,000,000 tasks queued on one node, drained', unit: 's', runs: 'cluster', onRay: false, budget: 30 },
    how: 'submitted by one program, which holds every ref, and got; not on Ray, which takes ten minutes on 2 cores (published: 184 s on 64 cores)',
  },
  {
    ...{ name: '100,000 tasks queued on one node, drained', unit: 's', runs: 'cluster', onRay: true, budget: null },
    how: 'the same with a tenth, so that Ray can be measured beside it',
  },
  {
    ...{ name: '10,000 args to one task', unit: 's', runs: 'cluster', onRay: true, budget: 1 },
    how: 'a task that sums 10,000 lists of 10,000 small numbers, each an argument by value, and get',
  },
  {
    ...{ name: '10,000 refs in one get', unit: 's', runs: 'cluster', onRay: true, budget: 1 },
    how: 'one get of 10,000 arrays of 10,000 64-bit integers that were put before; the puts are not counted',
  },
  {
    ...{ name: 'actor registrations of the head, simulated agents', unit: '/s', runs: 'alone', onRay: false, budget: 5_000 },
    how: 'actors asked for and reported started over the links of 16 simulated agents to one head process, 512 on their way',
  },
  {
    ...{ name: 'lists of 1,000,000 task attempts, p95', unit: 'ms', runs: 'alone', onRay: false, budget: 300 },
    how: 'lists with each kind of filter and order, exact counts and all, while 10,000 reports a second come in; asked inside the head',
  },
]

/** The SDK on Ray beside plain Ray: the same calls as the rows that they name. */
const rowsOnRay: readonly Row[] = [
  'single client tasks sync',
  'single client tasks async',
  '1:1 actor calls sync',
  '1:1 actor calls async',
  '1:1 async-actor calls async',
  'put of 100 MB arrays',
  'get of 100 MB, same node',
  'array of 100 MB to a task and back',
  'memory of a worker that ran a task',
].map(onRay)

export const rows: readonly Row[] = [...rayRows, ...ownRows, ...rowsOnRay]

function onRay(like: string): Row {
  const row = [...rayRows, ...ownRows].find(({ name }) => name === like)
  if (!row) throw new Error(`there is no row ${like}`)
  const { unit, how } = row
  return { name: `SDK on Ray: ${like}`, unit, runs: 'on-ray', like, onRay: true, budget: null, how: `${how}; ours is our SDK on Ray` }
}

function ray(name: string, how: string, budget: number | null = null, unit: Unit = '/s'): Row {
  return { name, unit, runs: 'cluster', onRay: true, budget, how }
}
