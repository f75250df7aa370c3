import type { ReactNode } from 'react'
import { Link } from '@/components/ui/link'
import { dateParts } from '@/lib/dates'
import styles from './ticket-stub.module.css'

export type Stub = {
  href?: string
  title: string
  event?: { name: string; venue?: string; startsAt?: string; timeZone?: string }
  /** On the stub, large: usually a `Money`. */
  price: ReactNode
  /** On the stub, small: `18 left`, `Sold out`, `Paid`. */
  note?: ReactNode
  /** Its time is over: the stub loses its colour. */
  spent?: boolean
  level?: 2 | 3
  children?: ReactNode
}

/** What a `TicketStub` looks like, for pages and scripts alike: whoever shows it says how the visitor writes dates. */
export function StubView({
  locale,
  href,
  title,
  event,
  price,
  note,
  spent = false,
  level = 3,
  children,
}: Stub & { locale: string }) {
  const Heading = level === 2 ? 'h2' : 'h3'
  const date = event?.startsAt ? dateParts(event.startsAt, event.timeZone, locale) : undefined
  const place = [event && event.name !== title ? event.name : undefined, event?.venue]
  return (
    <article className={styles.around}>
      <div className={styles.ticket} data-spent={spent || undefined}>
        <div className={styles.body}>
          {date ? (
            <time className={styles.date} dateTime={event?.startsAt}>
              <span className={styles.weekday}>{date.weekday} </span>
              <span className={styles.day}>{date.day} </span>
              <span className={styles.month}>
                {date.month} <span className={styles.year}>{date.year}</span>
              </span>
            </time>
          ) : (
            <p className={styles.date}>
              <span className={styles.open}>Open date</span>
            </p>
          )}
          <div className={styles.what}>
            <Heading className={styles.title}>
              {href ? (
                <Link className={styles.cover} href={href}>
                  {title}
                </Link>
              ) : (
                title
              )}
            </Heading>
            {place.filter(Boolean).map((line) => (
              <p key={line} className={styles.place}>
                {line}
              </p>
            ))}
            {date && <p className={styles.time}>{date.time}</p>}
            {children && <div className={styles.actions}>{children}</div>}
          </div>
        </div>
        <div className={styles.stub}>
          <p className={styles.price}>{price}</p>
          {note && <p className={styles.note}>{note}</p>}
        </div>
      </div>
    </article>
  )
}
