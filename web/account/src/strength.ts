// How hard a password is to guess, 0 to 4. Loaded only where one is chosen. It is
// told of common passwords and words alone: whole languages would be megabytes,
// for an advice. What is refused is the server's to say.
import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common'

const zxcvbn = new ZxcvbnFactory({ graphs: adjacencyGraphs, dictionary })

export function judge(password: string, known: string[]): number {
  return zxcvbn.check(password, known.filter(Boolean)).score
}
