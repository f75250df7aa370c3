import { wordsLocale } from './locale'

/** Dates in an event's own zone; where none is known, in UTC, which is then said. */

export type DateParts = {
  weekday: string
  day: string
  month: string
  year: string
  /** `7:30 pm PST` */
  time: string
}

export function dateParts(iso: string, timeZone: string | undefined, locale: string): DateParts {
  const date = new Date(iso)
  const words = wordsLocale(locale)
  const zone = knownZone(timeZone)
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(words, { ...options, timeZone: zone }).format(date)
  return {
    weekday: part({ weekday: 'short' }),
    day: part({ day: 'numeric' }),
    month: part({ month: 'short' }),
    year: part({ year: 'numeric' }),
    time: part({ hour: 'numeric', minute: '2-digit', timeZoneName: 'short' }),
  }
}

/** `Sunday, 10 January 2027 at 17:00 CET` */
export function longDate(iso: string, timeZone: string | undefined, locale: string): string {
  return new Intl.DateTimeFormat(wordsLocale(locale), {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone: knownZone(timeZone),
  }).format(new Date(iso))
}

/** `10 Jan 2027, 17:00 CET` */
export function shortDate(iso: string, timeZone: string | undefined, locale: string): string {
  return new Intl.DateTimeFormat(wordsLocale(locale), {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone: knownZone(timeZone),
  }).format(new Date(iso))
}

/** `10 Jan, 17:00 CET` */
export function dayAndTime(iso: string, timeZone: string | undefined, locale: string): string {
  return new Intl.DateTimeFormat(wordsLocale(locale), {
    day: 'numeric',
    month: 'short',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone: knownZone(timeZone),
  }).format(new Date(iso))
}

/** `14:05` or, from an hour on, `1:04:09`. */
export function clock(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(left / 3600)
  const minutes = Math.floor((left % 3600) / 60)
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(left % 60)}`
    : `${two(minutes)}:${two(left % 60)}`
}

/** `about 14 minutes`, for those who do not see the clock run. */
export function roughly(seconds: number): string {
  if (seconds < 60) return 'less than a minute'
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return minutes === 1 ? 'about a minute' : `about ${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours === 1 ? 'about an hour' : `about ${hours} hours`
}

function knownZone(timeZone: string | undefined): string {
  if (!timeZone) return 'UTC'
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}
