// The playground: GraphiQL on this server's own API, with the story of an
// account as examples beside it. It asks nobody but this server, and keeps
// nothing but its layout.
//
// GraphiQL is put together from its parts, since the whole of it brings its
// history along, which keeps headers.

import { DocExplorerContextProvider, DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer'
import { usePluginStore } from '@graphiql/react'
import { createGraphiQLFetcher } from '@graphiql/toolkit'
import { GraphiQL, GraphiQLInterface, GraphiQLProvider } from 'graphiql'
import { createClient } from 'graphql-sse'
import { getOperationAST } from 'graphql'
import { useState } from 'react'
import { createRoot } from 'react-dom/client'

import { examplesPlugin } from './Examples.jsx'
import { chapters, fill } from './examples.js'
import { learn, nothingKnown } from './known.js'
import { layoutStorage } from './storage.js'

import 'graphiql/style.css'
import './playground.css'

const place = document.getElementById('playground')
const known = nothingKnown()
const ask = createGraphiQLFetcher({ url: place.dataset.endpoint, enableIncrementalDelivery: false })

// Subscriptions come as Server-Sent Events, which take the headers that were typed.
// A stream that breaks off is not asked for again: who tries things out does that.
function subscribe(request, headers) {
  return createClient({ url: place.dataset.endpoint, headers, retryAttempts: 0 }).iterate(request)
}

async function fetcher(request, options) {
  // Introspection comes without a document that was parsed.
  const document = options?.documentAST
  if (document && getOperationAST(document, request.operationName)?.operation === 'subscription') {
    return subscribe(request, options.headers)
  }
  const answer = await ask(request, options)
  learn(known, request.variables, answer)
  return answer
}

const examples = examplesPlugin({ known, mailbox: place.dataset.mailbox })
const plugins = [examples, DOC_EXPLORER_PLUGIN]
const first = fill(chapters[0].examples[0], known)

// GraphiQL decides at its first drawing whether a panel is open, which is before
// it has been told of any: so it is drawn a moment later.
function OncePanelsAreThere({ children }) {
  const { visiblePlugin } = usePluginStore()
  const [there, arrive] = useState(false)
  if (visiblePlugin && !there) {
    arrive(true)
  }
  return there ? children : null
}

createRoot(place).render(
  <GraphiQLProvider
    fetcher={fetcher}
    plugins={plugins}
    referencePlugin={DOC_EXPLORER_PLUGIN}
    visiblePlugin={examples}
    query={first.query}
    variables={first.variables}
    storage={layoutStorage(window.localStorage)}
    shouldPersistHeaders={false}
  >
    <DocExplorerContextProvider>
      <OncePanelsAreThere>
        <GraphiQLInterface showPersistHeadersSettings={false} defaultEditorToolsVisibility="variables">
          <GraphiQL.Logo>{null}</GraphiQL.Logo>
        </GraphiQLInterface>
      </OncePanelsAreThere>
    </DocExplorerContextProvider>
  </GraphiQLProvider>,
)
