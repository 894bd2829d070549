// Holds the server at the address that is the argument to graphql-http's audits
// of GraphQL over HTTP, one after the other, and prints what came of each as JSON.

import { serverAudits } from 'graphql-http'

const audits = serverAudits({ url: process.argv[2] })
const found = []
for (const { id, name, fn } of audits) {
  const { status, reason = '' } = await fn()
  found.push({ id, name, status, reason })
}
console.log(JSON.stringify(found))
