'use client'

import { unstable_isUnrecognizedActionError, unstable_rethrow } from 'next/navigation'
import {
  createContext,
  type FormEvent,
  type ReactNode,
  useActionState,
  useContext,
  useEffect,
  useRef,
  useState,
} from 'react'
import { type FormAction, type FormState, firstState, KEY_FIELD, newKey } from '@/lib/forms'
import { useScripted } from '@/lib/scripted'
import styles from './form.module.css'

type Shared = { state: FormState; pending: boolean }
const FormContext = createContext<Shared>({ state: firstState(''), pending: false })

/** What the fields and buttons inside of a form know of it. */
export const useForm = () => useContext(FormContext)

/**
 * A form that posts to a Server Action: as plain HTML until scripts run, without leaving the page from then on. It
 * carries the idempotency key, shows what happened, keeps what was typed, and moves the focus to what is at fault.
 */
export function Form({
  action,
  scriptedAction = action,
  formKey,
  values,
  label,
  className,
  onPending,
  children,
}: {
  action: FormAction
  /** What is done instead where scripts run. */
  scriptedAction?: FormAction
  /** `newKey()`, made by the page that shows the form. */
  formKey: string
  /** What the fields hold at first. */
  values?: Record<string, string>
  /** The form's accessible name. */
  label: string
  className?: string
  /** Told when an attempt begins and when it is over. */
  onPending?: (pending: boolean) => void
  children: ReactNode
}) {
  const scripted = useScripted()
  // A page that comes back from the router's memory must not repeat the key of the time before.
  const [first] = useState(() => firstState(scripted ? newKey() : formKey, values))
  const [state, post, pending] = useActionState(scripted ? guarded(scriptedAction) : action, first)
  const form = useRef<HTMLFormElement>(null)
  const seen = useRef(0)

  useEffect(() => {
    if (state.attempt === seen.current) return
    seen.current = state.attempt
    if (state.tone === 'good') return
    const fault = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')
    const target = fault ?? form.current?.querySelector<HTMLElement>('[data-message]')
    target?.focus()
  }, [state])

  useEffect(() => onPending?.(pending), [onPending, pending])

  const once = (event: FormEvent) => {
    if (pending) event.preventDefault()
  }
  const tone = state.tone ?? 'bad'
  return (
    <FormContext value={{ state, pending }}>
      <form ref={form} action={post} onSubmit={once} className={className} aria-label={label}>
        <input type="hidden" name={KEY_FIELD} value={state.key} />
        {state.message && tone !== 'good' && (
          <p className={styles.message} data-message data-tone={tone} tabIndex={-1}>
            {state.message}
          </p>
        )}
        <div role="status">
          {state.message && tone === 'good' && (
            <p className={styles.message} data-tone="good">
              {state.message}
            </p>
          )}
        </div>
        {children}
      </form>
    </FormContext>
  )
}

/**
 * The action, for a browser that may lose its connection under way. What was typed, passwords too, stays in the fields:
 * none of it comes from the server.
 */
function guarded(action: FormAction): FormAction {
  return async (state, data) => {
    const typed: Record<string, string> = {}
    for (const [name, value] of data.entries()) if (typeof value === 'string') typed[name] = value
    try {
      const next = await action(state, data)
      return next.tone === 'good' ? next : { ...next, values: { ...typed, ...next.values } }
    } catch (error) {
      unstable_rethrow(error)
      if (unstable_isUnrecognizedActionError(error)) return outdated(state, typed)
      return {
        attempt: state.attempt + 1,
        tone: 'wait',
        message: navigator.onLine
          ? 'The box office did not answer. What you entered is still here: please try again in a moment.'
          : 'You seem to be offline. What you entered is still here: try again once you are connected.',
        fields: {},
        values: typed,
        key: typed[KEY_FIELD] ?? newKey(),
      }
    }
  }
}

/** The server has been updated since the page was opened, and does not know its forms any more. */
function outdated(state: FormState, typed: Record<string, string>): FormState {
  return {
    attempt: state.attempt + 1,
    tone: 'wait',
    message:
      'The site has been updated since you opened this page. Please reload it and try again.',
    fields: {},
    values: typed,
    key: newKey(),
  }
}
