import { nounOf } from '../noun.ts'
import { addMachines } from './add.ts'
import { checkMachines } from './check.ts'
import { execOnMachines } from './exec.ts'
import { exportMachines } from './export.ts'
import { hostKeys } from './keys.ts'
import { cleanMachine, leftoversOfMachine } from './leftovers.ts'
import { listMachines } from './list.ts'
import { reachOfMachines } from './reach.ts'
import { removeMachines } from './remove.ts'
import { secretsOfMachines } from './secrets.ts'
import { setMachine } from './set.ts'
import { shellOnMachine } from './shell.ts'
import { showMachine } from './show.ts'

/** `shoal machine …` */
export const machine = nounOf({
  name: 'machine',
  summary: 'Keeps the list of machines that you reach over SSH, and works on them.',
  subcommands: [
    addMachines,
    listMachines,
    showMachine,
    setMachine,
    checkMachines,
    reachOfMachines,
    execOnMachines,
    shellOnMachine,
    removeMachines,
    exportMachines,
    leftoversOfMachine,
    cleanMachine,
    hostKeys,
    secretsOfMachines,
  ],
})
