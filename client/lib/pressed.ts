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
    sessionStorage.setItem(PRESSED, orderId)
  } catch {
    // The button has to be pressed twice, then.
  }
  location.reload()
  return false
}

/** Whether the button of this order was pressed before the page was loaded. */
export function takePressed(orderId: string): boolean {
  try {
    if (sessionStorage.getItem(PRESSED) !== orderId) return false
    sessionStorage.removeItem(PRESSED)
  } catch {
    return false
  }
  tried = orderId
  return true
}

const PRESSED = 'ticketing-pressed'

/** What was pressed before this document: another attempt to load it would change nothing. */
let tried: string | undefined
