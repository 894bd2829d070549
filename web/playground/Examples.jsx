// The list of examples, as a panel of GraphiQL.

import { useEditorContext } from '@graphiql/react'
import { flushSync } from 'react-dom'

import { chapters, fill } from './examples.js'

function Icon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01" strokeLinecap="round" />
    </svg>
  )
}

// examplesPlugin makes the panel. What it fills in it takes from known at the
// moment of the click. mailbox is where letters are read, or nothing.
export function examplesPlugin({ known, mailbox }) {
  return { title: 'Examples', icon: Icon, content: () => <Examples known={known} mailbox={mailbox} /> }
}

function Examples({ known, mailbox }) {
  const editors = useEditorContext({ nonNull: true })

  // An example has one tab; asking for it again fills that one anew.
  function open(example) {
    const filled = fill(example, known)
    const at = editors.tabs.findIndex((tab) => tab.title === filled.name)
    // GraphiQL writes the editors while it renders the change of tabs: what is
    // written here must come after that.
    flushSync(() => {
      if (at < 0) {
        editors.addTab()
      } else if (at !== editors.activeTabIndex) {
        editors.changeTab(at)
      }
    })
    editors.queryEditor?.setValue(filled.query)
    editors.variableEditor?.setValue(filled.variables)
    editors.headerEditor?.setValue(filled.headers)
    editors.responseEditor?.setValue('')
    // Its own debounced look at the document comes too late for a quick hand.
    editors.setOperationName(filled.name)
    editors.updateActiveTabValues({
      query: filled.query, variables: filled.variables, headers: filled.headers, operationName: filled.name, response: null,
    })
    // Which of the two editors below the document is seen only their buttons can say.
    const seen = filled.variables ? 'variables' : 'headers'
    document.querySelector(`.graphiql-editor-tools [data-name=${seen}]`)?.click()
  }

  const current = editors.tabs[editors.activeTabIndex]?.title
  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>The story of an account, step by step. What an answer gives, the next step is filled with.</p>
      {chapters.map((chapter) => (
        <div key={chapter.title}>
          <h3>{chapter.title}</h3>
          <ol>
            {chapter.examples.map((example) => (
              <li key={example.name}>
                <button type="button" onClick={() => open(example)} aria-current={current === example.name ? 'step' : undefined}>
                  {example.name}
                </button>
                <p>
                  {example.about}
                  {example.letter && mailbox && (
                    <>
                      {' '}
                      <a href={mailbox} target="_blank" rel="noopener">Open the mailbox</a>
                    </>
                  )}
                </p>
              </li>
            ))}
          </ol>
        </div>
      ))}
    </section>
  )
}
