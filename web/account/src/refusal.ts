// Why the server said no, as the contract has it, and what stands for an answer
// that never came.
import type { CombinedError } from '@urql/core'

export interface Violation {
  path: string[]
  code: string
  limit?: number | null
}

// NETWORK is no code of the contract: nobody answered.
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly violations: Violation[] = [],
    readonly retryAfter = 0, // seconds
    readonly requestId = '',
  ) {
    super(code)
  }

  // Of the field: its first fault, by the last name of the path.
  at(field: string): Violation | undefined {
    return this.violations.find((v) => v.path.at(-1) === field)
  }
}

export function refusalOf(error: CombinedError): Refusal {
  const first = error.graphQLErrors[0]
  if (!first) {
    return new Refusal('NETWORK')
  }
  const told = first.extensions as { code?: string; violations?: Violation[]; retryAfter?: number; requestId?: string }
  return new Refusal(told.code ?? 'INTERNAL', told.violations ?? [], told.retryAfter ?? 0, told.requestId ?? '')
}
