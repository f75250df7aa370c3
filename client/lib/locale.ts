/**
 * How amounts and dates are written. The pages speak English; what a visitor's browser prefers decides the order of day
 * and month, the 12 or 24 hours of the clock, and the separators of amounts.
 */

const fallback = 'en-US'

/** The first language that the browser names: what is kept of a page for everybody is kept for each of these. */
export function localeOf(acceptLanguage: string | null | undefined): string {
  const first = acceptLanguage?.split(',')[0]?.split(';')[0]?.trim()
  if (!first || first === '*') return fallback
  try {
    return Intl.getCanonicalLocales(first)[0] ?? fallback
  } catch {
    return fallback
  }
}

/** For words such as names of months: English, as the visitor's region writes it. */
export function wordsLocale(locale: string): string {
  const known = new Intl.Locale(locale)
  if (known.language === 'en') return locale
  const region = known.maximize().region
  return region ? `en-${region}` : 'en-GB'
}
