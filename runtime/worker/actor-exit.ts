/** Unwinds a method that called `exitActor()`. Not an error of anybody: user code should let it pass. */
export class ActorExit extends Error {
  override readonly name = 'ActorExit'
  constructor() {
    super('exitActor() was called: this actor ends when this method has unwound; do not catch this')
  }
}
