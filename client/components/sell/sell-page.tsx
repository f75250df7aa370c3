import { putUp } from '@/lib/actions/selling'
import { tickets } from '@/lib/api'
import { likelyCurrency } from '@/lib/currencies'
import { requireUser, visitorLocale } from '@/lib/session'
import { PageHead } from '../ui/page-head'
import { ListingForm } from './listing-form'

/** Where a ticket is put up for sale. Who has sold before begins with the currency and the time zone of the last one. */
export async function SellPage() {
  const user = await requireUser('/sell')
  const [before, locale] = await Promise.all([
    tickets.list({ seller: user.id, limit: 5 }),
    visitorLocale(),
  ])
  const own = before.ok ? before.data : []
  const zone = own.find((ticket) => ticket.event?.timeZone)?.event?.timeZone
  const values = {
    currency: own[0]?.currency ?? likelyCurrency(locale),
    quantity: '1',
    'event.timeZone': zone ?? '',
  }
  return (
    <>
      <PageHead title="Sell a ticket" lead="A title and a price is all it takes." />
      <ListingForm action={putUp} values={values} />
    </>
  )
}
