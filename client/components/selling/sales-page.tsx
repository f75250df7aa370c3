import { Link } from '@/components/ui/link'
import { type Balance, payments, type Sale } from '@/lib/api'
import { plural } from '@/lib/money'
import { canBeRefunded } from '@/lib/refund'
import { requireUser, visitorLocale } from '@/lib/session'
import { FocusRefresh } from '../focus-refresh'
import { ButtonLink } from '../ui/button-link'
import { Empty } from '../ui/empty'
import { Money } from '../ui/money'
import { PageHead } from '../ui/page-head'
import { Trouble } from '../ui/trouble'
import { When } from '../ui/when'
import styles from './sales.module.css'
import selling from './selling.module.css'

const PAGE = 20
const PATH = '/my-tickets/sales'

/** What one has earned, what of it was paid out, and every sale, newest first. */
export async function SalesPage({ cursor }: { cursor?: string }) {
  await requireUser(PATH)
  const [balances, sales] = await Promise.all([
    payments.balance(),
    payments.sales({ limit: PAGE, cursor }),
  ])
  if (!balances.ok) return <Trouble problem={balances.problem} path={PATH} />
  if (!sales.ok) return <Trouble problem={sales.problem} path={PATH} />
  if (sales.data.length === 0 && !cursor) {
    return (
      <Empty title="Nothing sold yet" level={1}>
        <p>Once somebody has paid for a ticket of yours, what it has earned you is here.</p>
        <ButtonLink href="/my-tickets">Your tickets for sale</ButtonLink>
      </Empty>
    )
  }
  return (
    <>
      <FocusRefresh />
      <p className={selling.back}>
        <Link href="/my-tickets">
          <span aria-hidden="true">←</span>Your tickets for sale
        </Link>
      </p>
      <PageHead title="Your sales" />
      <ul className={styles.balances} aria-label="Your balance">
        {balances.data.map((balance) => (
          <li key={balance.currency}>
            <BalanceCard balance={balance} />
          </li>
        ))}
      </ul>
      <h2 className={styles.heading}>Sold</h2>
      <ul className={styles.sales}>
        {sales.data.map((sale) => (
          <li key={sale.paymentId} className={styles.sale}>
            <Row sale={sale} />
          </li>
        ))}
      </ul>
      <Pages older={sales.nextCursor} isOlder={cursor !== undefined} />
    </>
  )
}

async function BalanceCard({ balance }: { balance: Balance }) {
  const { currency } = balance
  return (
    <dl className={styles.balance}>
      <div className={styles.payable}>
        <dt>To be paid out to you</dt>
        <dd>
          <Money amount={balance.payable} currency={currency} exact />
        </dd>
      </div>
      <Sum label="Earned" amount={balance.earned} currency={currency} />
      {balance.fees !== 0 ? (
        <Sum label="Kept by this site" amount={-balance.fees} currency={currency} />
      ) : null}
      {balance.refunded !== 0 ? (
        <Sum label="Given back to buyers" amount={-balance.refunded} currency={currency} />
      ) : null}
      {balance.disputed !== 0 ? (
        <Sum label="Taken back by buyers’ banks" amount={-balance.disputed} currency={currency} />
      ) : null}
      {balance.paidOut !== 0 ? (
        <Sum label="Paid out to you" amount={-balance.paidOut} currency={currency} />
      ) : null}
    </dl>
  )
}

function Sum({ label, amount, currency }: { label: string; amount: number; currency: string }) {
  return (
    <div className={styles.sum}>
      <dt>{label}</dt>
      <dd>
        <Money amount={amount} currency={currency} exact />
      </dd>
    </div>
  )
}

async function Row({ sale }: { sale: Sale }) {
  const locale = await visitorLocale()
  const title = sale.title || 'A ticket'
  return (
    <>
      <div className={styles.what}>
        <h3 className={styles.title}>
          {sale.ticketId ? <Link href={`/tickets/${sale.ticketId}`}>{title}</Link> : title}
        </h3>
        <p className="small soft">
          {plural(sale.quantity, 'ticket', 'tickets', locale)}, sold <When iso={sale.soldAt} />
        </p>
      </div>
      <div className={styles.money}>
        <p className={styles.net}>
          <Money amount={sale.net} currency={sale.currency} exact />
        </p>
        {sale.fee !== 0 ? (
          <p className="small soft">
            of <Money amount={sale.total} currency={sale.currency} exact />
          </p>
        ) : null}
        {sale.refunded !== 0 ? (
          <p className="small soft">
            <Money amount={sale.refunded} currency={sale.currency} exact /> given back
          </p>
        ) : null}
        {sale.dispute ? <Disputed sale={sale} /> : null}
        {canBeRefunded(sale) ? (
          <p className="small">
            <Link href={`${PATH}/${sale.paymentId}/refund`}>
              Give money back<span className="hidden">: {title}</span>
            </Link>
          </p>
        ) : null}
      </div>
    </>
  )
}

function Disputed({ sale }: { sale: Sale }) {
  const amount = <Money amount={sale.disputed} currency={sale.currency} exact />
  switch (sale.dispute) {
    case 'open':
      return <p className="small">{amount} with the buyer’s bank: disputed, not decided</p>
    case 'lost':
      return <p className="small">{amount} taken back by the buyer’s bank: dispute lost</p>
    default:
      return <p className="small soft">Dispute won</p>
  }
}

function Pages({ older, isOlder }: { older?: string; isOlder: boolean }) {
  if (!older && !isOlder) return null
  return (
    <nav className={selling.pages} aria-label="Pages of sales">
      {isOlder ? (
        <ButtonLink href={PATH} look="quiet">
          Newest sales
        </ButtonLink>
      ) : null}
      {older ? (
        <ButtonLink href={`${PATH}?cursor=${encodeURIComponent(older)}`}>Older sales</ButtonLink>
      ) : null}
    </nav>
  )
}
