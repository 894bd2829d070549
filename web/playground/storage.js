// What may outlive the page: how its parts are laid out, and light or dark.
// GraphiQL would keep documents, variables and headers too, and with them
// passwords and tokens, in a place that every script of this origin can read for
// years. Of whatever is not named here it finds nothing, and keeps nothing.

const kept = new Set(['theme', 'docExplorerFlex', 'editorFlex', 'secondaryEditorFlex'].map((name) => `graphiql:${name}`))

// layoutStorage is a Storage, as GraphiQL wants one, in front of another.
export function layoutStorage(inner) {
  return {
    getItem: (key) => (kept.has(key) ? inner.getItem(key) : null),
    setItem: (key, value) => {
      if (kept.has(key)) {
        inner.setItem(key, value)
      }
    },
    removeItem: (key) => inner.removeItem(key),
    clear: () => kept.forEach((key) => inner.removeItem(key)),
    get length() {
      return [...kept].filter((key) => inner.getItem(key) !== null).length
    },
  }
}
