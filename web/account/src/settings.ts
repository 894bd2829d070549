// What the server offers: asked for once, before anything is drawn that depends
// on it.
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

import type { SettingsQuery } from './contract/graphql'

export type Settings = SettingsQuery['settings']

export const SettingsContext = createContext<Settings | null>(null)

export function useSettings(): Settings {
  const settings = useContext(SettingsContext)
  if (!settings) {
    throw new Error('drawn before the settings came')
  }
  return settings
}
