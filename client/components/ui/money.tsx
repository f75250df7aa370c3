import { money, plainAmount } from '@/lib/money'
import { visitorLocale } from '@/lib/session'

/** An amount in the visitor's locale. `exact` keeps the zeros, as receipts do. In client components: `lib/money`. */
export async function Money({
  amount,
  currency,
  exact,
}: {
  amount: number
  currency: string
  exact?: boolean
}) {
  const locale = await visitorLocale()
  return (
    <data className="figures nowrap" value={plainAmount(amount, currency)}>
      {money(amount, currency, locale, exact)}
    </data>
  )
}
