import { Field } from '@/components/form/field'
import { Form } from '@/components/form/form'
import { Submit } from '@/components/form/submit'
import { Card, Stack } from '@/components/ui/card'
import { Link } from '@/components/ui/link'
import { Notice } from '@/components/ui/notice'
import { signIn, signUp } from '@/lib/actions/session'
import { newKey } from '@/lib/forms'
import { signInFor } from '@/lib/paths'
import styles from './session-form.module.css'

/** The sign-in and the sign-up, which differ in words only. */
export function SessionForm({
  kind,
  next,
  trouble = false,
}: {
  kind: 'signin' | 'signup'
  next: string
  /** A sign-out did not work. */
  trouble?: boolean
}) {
  const up = kind === 'signup'
  const title = up ? 'Sign up' : 'Sign in'
  const other = signInFor(next).replace('/signin', up ? '/signin' : '/signup')
  return (
    <div className={styles.page}>
      <div className={styles.intro}>
        <h1>{up ? 'Make an account' : 'Welcome back'}</h1>
        <p className={styles.lead}>
          {up
            ? 'An e-mail address and a password is all it takes, to buy and to sell.'
            : 'Sign in to buy, to sell, and to see your orders.'}
        </p>
        {next !== '/' && <p className="soft">You will be taken back to where you were.</p>}
      </div>
      <Card>
        {trouble && (
          <Notice tone="wait" title="You are still signed in: the sign-out did not go through.">
            <p>Please try it again in a moment.</p>
          </Notice>
        )}
        <Form action={up ? signUp : signIn} formKey={newKey()} label={title}>
          <input type="hidden" name="next" value={next} />
          <Stack>
            <Field
              name="email"
              label="E-mail"
              type="email"
              autoComplete="username"
              required
              maxLength={254}
            />
            <Field
              name="password"
              label="Password"
              type="password"
              autoComplete={up ? 'new-password' : 'current-password'}
              hint={up ? '8 to 128 characters of any kind. A sentence works well.' : undefined}
              required
              minLength={up ? 8 : undefined}
              maxLength={128}
            />
            <Submit wide busy={up ? 'Making your account…' : 'Signing in…'}>
              {title}
            </Submit>
          </Stack>
        </Form>
        <p className={styles.other}>
          {up ? 'Have an account already? ' : 'New here? '}
          <Link href={other}>{up ? 'Sign in' : 'Make an account'}</Link>
        </p>
      </Card>
    </div>
  )
}
