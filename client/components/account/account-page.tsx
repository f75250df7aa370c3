import { changePassword, signOutEverywhere } from '@/lib/actions/account'
import { users } from '@/lib/api'
import { newKey } from '@/lib/forms'
import { requireUser } from '@/lib/session'
import { Field } from '../form/field'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import button from '../ui/button.module.css'
import { ButtonLink } from '../ui/button-link'
import { Stack } from '../ui/card'
import { Notice } from '../ui/notice'
import { PageHead } from '../ui/page-head'
import { When } from '../ui/when'
import styles from './account.module.css'

/** One's account: each thing that can be done with it, and what that means. */
export async function AccountPage({ trouble }: { trouble: boolean }) {
  const user = await requireUser('/account')
  const known = await users.export()
  const since = known.ok ? known.data.account : undefined
  return (
    <>
      <PageHead title="Your account" lead={user.email} />
      {trouble ? (
        <div className={styles.trouble}>
          <Notice tone="wait" title="Your data could not be put together.">
            <p>The box office did not answer. Please try the download again in a moment.</p>
          </Notice>
        </div>
      ) : null}
      <div className={styles.parts}>
        <section className={styles.part} aria-labelledby="account-password">
          <div className={styles.about}>
            <h2 id="account-password">Password</h2>
            <p>
              With a new one, every other device that is signed in is signed out. This one stays.
            </p>
            {since ? (
              <p>
                Last set: <When iso={since.passwordSetAt} />
              </p>
            ) : null}
          </div>
          <Form action={changePassword} formKey={newKey()} label="Change the password">
            {/* Tells password managers whose password this is. */}
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
                name="currentPassword"
                label="Current password"
                type="password"
                autoComplete="current-password"
                required
                maxLength={128}
              />
              <Field
                name="newPassword"
                label="New password"
                type="password"
                autoComplete="new-password"
                hint="8 to 128 characters of any kind. A sentence works well."
                required
                minLength={8}
                maxLength={128}
              />
              <Field
                name="newPasswordAgain"
                label="New password once more"
                type="password"
                autoComplete="new-password"
                required
                maxLength={128}
              />
              <div>
                <Submit busy="Changing it…">Change password</Submit>
              </div>
            </Stack>
          </Form>
        </section>
        <section className={styles.part} aria-labelledby="account-sessions">
          <div className={styles.about}>
            <h2 id="account-sessions">Signed in elsewhere</h2>
            <p>
              Lost a phone, or forgot to sign out on a computer that others use? This signs you out
              on every device, this one too. Orders and tickets stay as they are.
            </p>
          </div>
          <Form action={signOutEverywhere} formKey={newKey()} label="Sign out everywhere">
            <Submit look="quiet" busy="Signing out…">
              Sign out everywhere
            </Submit>
          </Form>
        </section>
        <section className={styles.part} aria-labelledby="account-data">
          <div className={styles.about}>
            <h2 id="account-data">Your data</h2>
            <p>
              All that is known of you in one file: the account, your tickets for sale, your orders
              and payments. The file is JSON.
            </p>
            {since ? (
              <p>
                Account made: <When iso={since.createdAt} />
              </p>
            ) : null}
          </div>
          <p>
            {/* A plain link: what it leads to is a file, not a page. */}
            <a className={button.button} data-look="quiet" href="/account/export" download>
              Download my data
            </a>
          </p>
        </section>
        <section className={styles.part} aria-labelledby="account-delete">
          <div className={styles.about}>
            <h2 id="account-delete">Delete the account</h2>
            <p>For good. What that means for your tickets and orders is said on the next page.</p>
          </div>
          <p>
            <ButtonLink href="/account/delete" look="danger">
              Delete my account…
            </ButtonLink>
          </p>
        </section>
      </div>
    </>
  )
}
