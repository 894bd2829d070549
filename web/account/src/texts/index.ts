// The language is the one in which the server wrote the page, by what the browser
// says it likes.
import { shell } from '../shell'
import { de } from './de'
import { en, type Texts } from './en'

export const t: Texts = shell.language === 'de' ? de : en

// Where people are, the same language writes a date in another way.
const region = navigator.languages.find((tag) => tag.split('-')[0] === shell.language) ?? shell.language

export function day(instant: string): string {
  return new Intl.DateTimeFormat(region, { dateStyle: 'long' }).format(new Date(instant))
}

// ago is how long since, in words: "3 hours ago".
export function ago(instant: string, now = Date.now()): string {
  const minutes = Math.round((new Date(instant).getTime() - now) / 60_000)
  const words = new Intl.RelativeTimeFormat(shell.language, { numeric: 'auto' })
  if (Math.abs(minutes) < 60) {
    return words.format(Math.min(minutes, 0), 'minute')
  }
  const hours = Math.round(minutes / 60)
  return Math.abs(hours) < 24 ? words.format(hours, 'hour') : words.format(Math.round(hours / 24), 'day')
}
