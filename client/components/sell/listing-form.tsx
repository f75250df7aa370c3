import type { ReactNode } from 'react'
import { currencyOptions } from '@/lib/currencies'
import type { FormAction } from '@/lib/forms'
import { newKey } from '@/lib/forms'
import { visitorLocale } from '@/lib/session'
import { renamed, zoneNames } from '@/lib/zones'
import { Field, Select, TextArea } from '../form/field'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import { Stack } from '../ui/card'
import { Preview } from './preview'
import styles from './sell.module.css'
import { ZoneSelect } from './zone-select'

/** What a seller says of a ticket: the same form to put one up and, with the `ticket` it is about, to change it. */
export async function ListingForm({
  action,
  values,
  ticketId,
  taken = 0,
  children,
}: {
  action: FormAction
  values: Record<string, string>
  ticketId?: string
  /** How many are reserved or sold. */
  taken?: number
  /** Above the fields. */
  children?: ReactNode
}) {
  const locale = await visitorLocale()
  const currency = values.currency ?? ''
  return (
    <Form
      action={action}
      formKey={newKey()}
      values={values}
      label={ticketId ? 'Edit ticket' : 'Sell a ticket'}
    >
      <div className={styles.sides}>
        <div className={styles.fields}>
          {ticketId ? (
            <>
              <input type="hidden" name="id" value={ticketId} />
              <input type="hidden" name="currency" value={currency} />
            </>
          ) : null}
          {children}
          <Stack>
            <Field
              name="title"
              label="Title"
              hint="What buyers see first, such as “Front row, two seats together”."
              required
              maxLength={200}
              autoComplete="off"
            />
            <div className={styles.price}>
              <Field
                name="price"
                label="Price of one"
                inputMode="decimal"
                required
                maxLength={12}
                autoComplete="off"
                suffix={ticketId ? currency.toUpperCase() : undefined}
              />
              {ticketId ? null : (
                <Select name="currency" label="Currency" required options={currencyOptions()} />
              )}
              <Field
                name="quantity"
                label="How many"
                type="number"
                inputMode="numeric"
                min={Math.max(taken, 1)}
                max={100_000}
                step={1}
                required
              />
            </div>
            <TextArea
              name="description"
              label="Description"
              hint="Where the seats are, how the ticket gets to its buyer, anything worth knowing."
              rows={4}
              maxLength={5_000}
            />
          </Stack>
          <fieldset className={styles.event}>
            <legend className={styles.part}>What it is for</legend>
            <p className={styles.leaveOut}>
              Leave out what does not apply. With a date, buyers find it by day.
            </p>
            <Stack>
              <Field
                name="event.name"
                label="Event"
                hint="Only if it is called something else than the title."
                maxLength={200}
                autoComplete="off"
              />
              <Field name="event.venue" label="Venue" maxLength={200} autoComplete="off" />
              <div className={styles.when}>
                <Field name="event.startsAt" label="Starts at" type="datetime-local" step={60} />
                <ZoneSelect name="event.timeZone" zones={zoneNames().join(' ')} renamed={renamed} />
              </div>
            </Stack>
          </fieldset>
        </div>
        <div className={styles.side}>
          <Preview locale={locale} taken={taken} />
          <Submit wide busy={ticketId ? 'Saving…' : 'Putting it up…'}>
            {ticketId ? 'Save' : 'Put it up for sale'}
          </Submit>
          <div className={styles.unscripted}>
            <Submit wide look="quiet" name="intent" value="preview">
              Show the preview
            </Submit>
          </div>
          {ticketId ? null : (
            <p className={styles.fine}>
              It is on sale at once. You can change or withdraw it while nobody has ordered it.
            </p>
          )}
        </div>
      </div>
    </Form>
  )
}
