// Checked by the compiler alone: a line under @ts-expect-error must be an error, every other line must not.
import * as shoal from 'shoal'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(isSame: Same<A, B>): Same<A, B> => isSame

class Account {
  readonly owner: string
  #balance = 0
  constructor(owner: string, balance: number) {
    this.owner = owner
    this.#balance = balance
  }
  deposit(amount: number): number {
    return (this.#balance += amount)
  }
  async describe(prefix: string) {
    return `${prefix}${this.owner}`
  }
  *history(from: number) {
    yield { at: from, balance: this.#balance }
  }
}

const Accounts = shoal.actor(Account)
const account = Accounts.remote('a', await shoal.put(5))
// @ts-expect-error -- the constructor takes two
Accounts.remote('a')
// @ts-expect-error -- a number comes second
Accounts.remote('a', 'b')

const balance = account.deposit.remote(1)
same<typeof balance, shoal.ObjectRef<number>>(true)
account.deposit.remote(balance)
// @ts-expect-error -- a string is no number
account.deposit.remote('1')
// @ts-expect-error -- there is no such method
account.withdraw.remote(1)
// @ts-expect-error -- a field is no method
account.owner.remote()
// @ts-expect-error -- methods are called with remote
account.deposit(1)

const described = account.describe.remote('>')
same<typeof described, shoal.ObjectRef<string>>(true)
const history = account.history.remote(0)
same<typeof history, shoal.ObjectRefGenerator<{ at: number; balance: number }>>(true)

// Handles go where handles are taken.
const use = shoal.remote(async (handle: shoal.ActorHandle<Account>) => shoal.get(handle.deposit.remote(3)))
const used = use.remote(account)
same<typeof used, shoal.ObjectRef<number>>(true)
export const found = await shoal.getActor<Account>('name')
same<ReturnType<typeof found.deposit.remote>, shoal.ObjectRef<number>>(true)
// @ts-expect-error -- a function is no class
shoal.actor(() => 1)
// @ts-expect-error -- there is no such option
Accounts.options({ maxRestart: 1 })
