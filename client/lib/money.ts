/** Amounts are numbers of major units with an ISO 4217 code, as the API gives them; sums are made of minor units. */

/** `$35`, `35,50 €`: as prices are said. `exact` keeps the zeros, as receipts do. */
export function money(amount: number, currency: string, locale: string, exact = false): string {
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: currency.toUpperCase(),
    trailingZeroDisplay: exact ? 'auto' : 'stripIfInteger',
  }).format(amount)
}

/** What `quantity` of them cost. */
export function times(price: number, quantity: number, currency: string): number {
  const unit = 10 ** decimals(currency)
  return (Math.round(price * unit) * quantity) / unit
}

/** How many decimals the currency has. */
export function decimals(currency: string): number {
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: currency.toUpperCase(),
  })
  return format.resolvedOptions().maximumFractionDigits ?? 2
}

/** For machines: `35.00`. */
export function plainAmount(amount: number, currency: string): string {
  return amount.toFixed(decimals(currency))
}

export function count(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value)
}

/** `1 ticket`, `2 tickets`. */
export function plural(value: number, one: string, many: string, locale: string): string {
  return `${count(value, locale)} ${value === 1 ? one : many}`
}
