/** What one looks for, as it stands in the address of the front page. */
export type Search = {
  q: string
  /** Days, `2027-01-10`, where the event takes place. */
  from: string
  to: string
  min: string
  max: string
  sort: Sort
  cursor: string
}

export type Sort = '' | 'startsAt' | 'price' | '-price'

/** The order of the front page is '': newest first. */
export const sorts: { value: Sort; label: string }[] = [
  { value: '', label: 'Newest' },
  { value: 'startsAt', label: 'Soonest' },
  { value: 'price', label: 'Cheapest' },
  { value: '-price', label: 'Dearest' },
]

type Params = Record<string, string | string[] | undefined>

export function searchOf(params: Params): Search {
  const one = (name: string) => {
    const value = params[name]
    return ((Array.isArray(value) ? value[0] : value) ?? '').trim()
  }
  return {
    q: one('q').slice(0, 200),
    from: dayOf(one('from')),
    to: dayOf(one('to')),
    min: amountOf(one('min')),
    max: amountOf(one('max')),
    sort: sorts.find((sort) => sort.value === one('sort'))?.value ?? '',
    cursor: one('cursor'),
  }
}

/** The address that shows this search; what is changed starts from its first page. */
export function addressOf(search: Search, changes: Partial<Search> = {}): string {
  const cursor = changes.cursor ?? (Object.keys(changes).length === 0 ? search.cursor : '')
  const wanted = { ...search, ...changes, cursor }
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(wanted)) if (value) params.set(name, value)
  const query = params.toString()
  return query ? `/?${query}` : '/'
}

/** Whether anything narrows the list. */
export function narrowed(search: Search): boolean {
  return [search.q, search.from, search.to, search.min, search.max].some(Boolean)
}

/**
 * What to ask the API. It compares moments, and a day is that of the event's own zone, which may be up to 14 hours ahead
 * of UTC or 12 behind: ask for all that might be meant, and leave out the rest with `onThoseDays`.
 */
export function queryOf(search: Search, limit: number) {
  const hour = 3_600_000
  const at = (day: string, hours: number) =>
    new Date(Date.parse(`${day}T00:00:00Z`) + hours * hour).toISOString()
  return {
    q: search.q || undefined,
    minPrice: search.min ? Number(search.min) : undefined,
    maxPrice: search.max ? Number(search.max) : undefined,
    from: search.from ? at(search.from, -14) : undefined,
    to: search.to ? at(search.to, 24 + 12) : undefined,
    sort: search.sort || undefined,
    cursor: search.cursor || undefined,
    limit,
  }
}

/** Whether an event is on the days that are looked for, where it takes place. */
export function onThoseDays(
  search: Search,
  event: { startsAt?: string; timeZone?: string } | undefined,
): boolean {
  if (!search.from && !search.to) return true
  if (!event?.startsAt) return false
  const day = dayIn(event.startsAt, event.timeZone)
  return (!search.from || day >= search.from) && (!search.to || day <= search.to)
}

function dayIn(iso: string, timeZone = 'UTC'): string {
  try {
    return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(new Date(iso))
  } catch {
    return iso.slice(0, 10)
  }
}

function dayOf(value: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(`${value}T00:00:00Z`))
    ? value
    : ''
}

/** A price as people write it; what is none is none. */
function amountOf(value: string): string {
  const plain = value.replace(',', '.')
  return /^\d{1,7}(\.\d{1,3})?$/.test(plain) && Number(plain) <= 1_000_000 ? plain : ''
}
