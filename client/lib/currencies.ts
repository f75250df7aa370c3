import type { components } from './api/schema'

export type Currency = NonNullable<
  (components['schemas']['DecimalTicket'] | components['schemas']['WholeTicket'])['currency']
>

/** What tickets can be sold in, by the regions where it is what people pay with. */
const regions: Record<Currency, string> = {
  aed: 'AE',
  ars: 'AR',
  aud: 'AU',
  bgn: '',
  bhd: 'BH',
  brl: 'BR',
  cad: 'CA',
  chf: 'CH LI',
  clp: 'CL',
  cny: 'CN',
  cop: 'CO',
  czk: 'CZ',
  dkk: 'DK GL FO',
  egp: 'EG',
  eur: 'AD AT BE BG CY DE EE ES FI FR GR HR IE IT LT LU LV MC MT NL PT SI SK SM',
  gbp: 'GB',
  ghs: 'GH',
  hkd: 'HK',
  huf: 'HU',
  idr: 'ID',
  ils: 'IL',
  inr: 'IN',
  isk: 'IS',
  jod: 'JO',
  jpy: 'JP',
  kes: 'KE',
  krw: 'KR',
  kwd: 'KW',
  mad: 'MA',
  mxn: 'MX',
  myr: 'MY',
  ngn: 'NG',
  nok: 'NO',
  nzd: 'NZ',
  omr: 'OM',
  pen: 'PE',
  php: 'PH',
  pln: 'PL',
  pyg: 'PY',
  qar: 'QA',
  ron: 'RO',
  sar: 'SA',
  sek: 'SE',
  sgd: 'SG',
  thb: 'TH',
  tnd: 'TN',
  try: 'TR',
  twd: 'TW',
  uah: 'UA',
  ugx: 'UG',
  usd: 'US EC SV',
  uyu: 'UY',
  vnd: 'VN',
  xaf: 'CM GA',
  xof: 'CI SN',
  zar: 'ZA',
}

export const currencies = Object.keys(regions) as Currency[]

/** What a seller from there most likely asks for. */
export function likelyCurrency(locale: string): Currency {
  const region = new Intl.Locale(locale).maximize().region
  const found = currencies.find((code) => region && regions[code].split(' ').includes(region))
  return found ?? 'usd'
}

/** `EUR, Euro`. */
export function currencyOptions(): { value: string; label: string }[] {
  const names = new Intl.DisplayNames('en', { type: 'currency' })
  return currencies.map((code) => {
    const upper = code.toUpperCase()
    return { value: code, label: `${upper}, ${names.of(upper)}` }
  })
}
