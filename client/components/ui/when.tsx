import { longDate, shortDate } from '@/lib/dates'
import { visitorLocale } from '@/lib/session'
import { OwnTime } from './own-time'

/**
 * A moment in the zone it belongs to: an event's own. Without a zone it is a moment of the visitor's own doing (an order,
 * a payment): UTC until scripts run, then their own zone.
 */
export async function When({
  iso,
  timeZone,
  form = 'short',
}: {
  iso: string
  timeZone?: string
  form?: 'short' | 'long'
}) {
  const locale = await visitorLocale()
  const said = (form === 'long' ? longDate : shortDate)(iso, timeZone, locale)
  return timeZone ? (
    <time dateTime={iso}>{said}</time>
  ) : (
    <OwnTime iso={iso} locale={locale} form={form} server={said} />
  )
}
