// Stands in for react-style-singleton. While a dialog is open, react-remove-scroll
// would write a style element with it, so that the page behind does not scroll.
// Our page never does, and our policy lets nobody write style elements.

export const styleSingleton = () => () => null
