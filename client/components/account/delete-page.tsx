import { Link } from '@/components/ui/link'
import { deleteAccount } from '@/lib/actions/account'
import { orders, tickets } from '@/lib/api'
import { newKey } from '@/lib/forms'
import { plural } from '@/lib/money'
import { requireUser, visitorLocale } from '@/lib/session'
import { Field } from '../form/field'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import { ButtonLink } from '../ui/button-link'
import { Card, Stack } from '../ui/card'
import { PageHead } from '../ui/page-head'
import styles from './account.module.css'

/** Says what deleting the account means, with what this account has, and asks for the password. */
export async function DeletePage() {
  const user = await requireUser('/account/delete')
  const [selling, ordered, locale] = await Promise.all([
    tickets.list({ seller: user.id, limit: 100 }),
    orders.list({ sort: '-createdAt', limit: 100 }),
    visitorLocale(),
  ])
  const offers = selling.ok ? selling.data.filter((ticket) => ticket.available > 0).length : 0
  const mine = ordered.ok ? ordered.data : []
  const waiting = mine.filter(
    ({ status }) => status === 'created' || status === 'awaiting:payment',
  ).length
  const paid = mine.filter(({ status }) => status === 'complete').length
  const most = (list: { ok: boolean; nextCursor?: string }) =>
    list.ok && list.nextCursor ? 'at least ' : ''
  return (
    <>
      <PageHead title="Delete your account?" lead={user.email} />
      <div className={styles.narrow}>
        <section aria-labelledby="means-title">
          <h2 id="means-title" className={styles.means}>
            What this means
          </h2>
          <ul className={styles.list}>
            <li>
              <strong>Your account</strong> is removed at once, with your e-mail address and
              password, and every device is signed out. This cannot be undone.
            </li>
            <li>
              <strong>Your tickets for sale</strong> go off the market a moment later.
              {offers > 0 ? (
                <> Right now that is {most(selling) + plural(offers, 'offer', 'offers', locale)}.</>
              ) : null}{' '}
              What others have reserved or bought stays theirs.
            </li>
            <li>
              <strong>Your paid orders</strong> stay valid and are not paid back, but you cannot
              open them any more.
              {paid > 0 ? (
                <>
                  {' '}
                  You have {most(ordered) + plural(paid, 'paid order', 'paid orders', locale)}:{' '}
                  <Link href="/orders">save what you need</Link> before.
                </>
              ) : null}
            </li>
            <li>
              <strong>Orders that wait for payment</strong> end by themselves when their time is up.
              {waiting > 0 ? (
                <>
                  {' '}
                  You have {waiting}: it would be kind to <Link href="/orders">cancel</Link> first.
                </>
              ) : null}
            </li>
          </ul>
          <p>
            <a href="/account/export" download>
              Download your data
            </a>{' '}
            while you can.
          </p>
        </section>
        <Card>
          <Form action={deleteAccount} formKey={newKey()} label="Delete the account">
            <input
              className="hidden"
              type="text"
              name="username"
              autoComplete="username"
              defaultValue={user.email}
              readOnly
              tabIndex={-1}
              aria-hidden="true"
            />
            <Stack>
              <Field
                name="password"
                label="Your password"
                type="password"
                autoComplete="current-password"
                hint="So that nobody else can do this for you."
                required
                maxLength={128}
              />
              <div className={styles.buttons}>
                <Submit look="danger" busy="Deleting…">
                  Delete my account
                </Submit>
                <ButtonLink href="/account" look="quiet">
                  Keep it
                </ButtonLink>
              </div>
            </Stack>
          </Form>
        </Card>
      </div>
    </>
  )
}
