import { visitorLocale } from '@/lib/session'
import { type Stub, StubView } from './stub-view'

/**
 * A ticket as a row of a list: when, what and where on the paper, and on the stub what it costs and how it stands.
 * The whole row leads to `href`, where there is one; `children` (buttons) stay pressable.
 */
export async function TicketStub(stub: Stub) {
  return <StubView {...stub} locale={await visitorLocale()} />
}
