import { isOrderPath } from './paths'

/**
 * A page's policy comes with the document, and who goes from page to page here stays in one document. So who came by a page
 * on which one cannot pay, and presses the button, loads the page anew, and the button is pressed there once.
 *
 * Whether the provider may be used here; if not, the page is on its way out.
 */
export function mayUseElement(orderId: string): boolean {
  const navigation = performance.getEntriesByType('navigation')[0]
  if (!navigation || isOrderPath(new URL(navigation.name).pathname) || tried === orderId) {
    return true
  }
  try {
    sessionStorage.setItem(PRESSED, `${orderId} ${Date.now()}`)
  } catch {
    // The button has to be pressed twice, then.
  }
  location.reload()
  return false
}

/** Whether the button of this order was pressed just before the page was loaded. */
export function takePressed(orderId: string): boolean {
  try {
    const [order, at] = sessionStorage.getItem(PRESSED)?.split(' ') ?? []
    if (order !== orderId) return false
    sessionStorage.removeItem(PRESSED)
    // The page that was to be loaded never came: nobody remembers that press.
    if (!(Date.now() - Number(at) < LOADS_WITHIN)) return false
  } catch {
    return false
  }
  tried = orderId
  return true
}

const PRESSED = 'ticketing-pressed'

/** Milliseconds that a page takes to load, on a slow line. */
const LOADS_WITHIN = 30_000

/** What was pressed before this document: another attempt to load it would change nothing. */
let tried: string | undefined
