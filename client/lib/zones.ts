/** Time zones, and what a clock on the wall there shows. */

/** Every zone's name, as this runtime knows them. */
export function zoneNames(): string[] {
  return [...new Set([...Intl.supportedValuesOf('timeZone').map(modernName), 'UTC'])].sort()
}

/** Runtimes still say some names that the places themselves no longer go by. */
export const renamed: Record<string, string> = {
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
  'America/Godthab': 'America/Nuuk',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
}

export function modernName(zone: string): string {
  return renamed[zone] ?? zone
}

/** `Europe/Berlin` is Berlin, among those of Europe. */
export function zoneParts(zone: string): { region: string; place: string } {
  const [region = '', ...rest] = zone.replaceAll('_', ' ').split('/')
  const place = rest.pop()
  if (!place) return { region: 'Everywhere', place: region }
  return { region, place: rest.length > 0 ? `${place} (${rest.join(', ')})` : place }
}

export type LocalTime = { at: Date } | { wrong: 'malformed' | 'zone' | 'skipped' }

/**
 * The moment at which clocks in `zone` show `local` (`2027-01-10T19:30`, as a datetime-local field says it). Of an hour
 * that comes twice it is the first; an hour that clocks skip is none.
 */
export function momentOf(local: string, zone: string): LocalTime {
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?$/.exec(local)
  if (!parts) return { wrong: 'malformed' }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts.slice(1).map(Number)
  const asUtc = Date.UTC(year, month - 1, day, hour, minute)
  const wanted = local.slice(0, 16)
  // 31 February is a malformed day, not one in March.
  if (new Date(asUtc).toISOString().slice(0, 16) !== wanted) return { wrong: 'malformed' }
  try {
    // The offsets on both sides of any change near by; the moment has one of them.
    const guesses = [-DAY_MS, DAY_MS].map((by) => asUtc - offset(asUtc + by, zone))
    const found = guesses.filter((at) => localOf(new Date(at).toISOString(), zone) === wanted)
    return found.length > 0 ? { at: new Date(Math.min(...found)) } : { wrong: 'skipped' }
  } catch {
    return { wrong: 'zone' }
  }
}

const DAY_MS = 86_400_000

/** As `momentOf`, in fewer bytes: for a preview, whose form says later what is no moment. */
export function previewOf(local: string, zone: string): string | undefined {
  const asUtc = Date.parse(`${local}Z`)
  try {
    const near = asUtc - offset(asUtc, zone)
    return new Date(asUtc - offset(near, zone)).toISOString()
  } catch {
    return undefined
  }
}

/** What clocks in `zone` show at that moment: `2027-01-10T19:30`. */
export function localOf(iso: string, zone: string): string {
  const at = Date.parse(iso)
  return new Date(at + offset(at, zone)).toISOString().slice(0, 16)
}

/** How far clocks in `zone` are ahead of UTC at that moment, in milliseconds. */
function offset(at: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const shown: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(at)) shown[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000
}
