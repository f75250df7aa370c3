'use client'

import { type InputHTMLAttributes, type ReactNode, useId } from 'react'
import { useForm } from './form'
import styles from './form.module.css'

type Common = {
  name: string
  label: string
  /** Said before anything is wrong. */
  hint?: ReactNode
  required?: boolean
  /** Takes the label away from the eye only. */
  bare?: boolean
}

/** One line of text: label, hint, what is wrong with it, and what was typed before. */
export function Field({
  name,
  label,
  hint,
  required,
  bare,
  suffix,
  ...input
}: Common & { suffix?: ReactNode } & Omit<
    InputHTMLAttributes<HTMLInputElement>,
    'id' | 'className' | 'defaultValue' | 'value' | 'style'
  >) {
  const { id, described, fault, value } = useField(name, hint)
  return (
    <Labelled {...{ id, label, hint, required, bare, fault }}>
      <div className={styles.line}>
        <input
          {...input}
          className={styles.input}
          id={id}
          name={name}
          required={required}
          defaultValue={value}
          aria-invalid={fault ? true : undefined}
          aria-describedby={described}
        />
        {suffix && <span className={styles.suffix}>{suffix}</span>}
      </div>
    </Labelled>
  )
}

export function TextArea({
  name,
  label,
  hint,
  required,
  bare,
  rows = 5,
  maxLength,
}: Common & { rows?: number; maxLength?: number }) {
  const { id, described, fault, value } = useField(name, hint)
  return (
    <Labelled {...{ id, label, hint, required, bare, fault }}>
      <textarea
        className={styles.input}
        id={id}
        name={name}
        rows={rows}
        maxLength={maxLength}
        required={required}
        defaultValue={value}
        aria-invalid={fault ? true : undefined}
        aria-describedby={described}
      />
    </Labelled>
  )
}

export function Select({
  name,
  label,
  hint,
  required,
  bare,
  options,
}: Common & { options: { value: string; label: string }[] }) {
  const { id, described, fault, value, attempt } = useField(name, hint)
  return (
    <Labelled {...{ id, label, hint, required, bare, fault }}>
      <select
        // React resets a form after its action; a select falls back to its very first choice unless made anew.
        key={attempt}
        className={styles.input}
        id={id}
        name={name}
        required={required}
        defaultValue={value}
        aria-invalid={fault ? true : undefined}
        aria-describedby={described}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Labelled>
  )
}

function useField(name: string, hint: ReactNode) {
  const { state } = useForm()
  const id = useId()
  const fault = state.fields[name]
  const described = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(' ')
  return {
    id,
    fault,
    described: described || undefined,
    value: state.values[name],
    attempt: state.attempt,
  }
}

function Labelled({
  id,
  label,
  hint,
  required,
  bare,
  fault,
  children,
}: Omit<Common, 'name'> & { id: string; fault?: string; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <label className={bare ? 'hidden' : styles.label} htmlFor={id}>
        {label}
        {!required && !bare && <span className={styles.optional}> (optional)</span>}
      </label>
      {hint && (
        <p className={styles.hint} id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {children}
      {fault && (
        <p className={styles.fault} id={`${id}-fault`}>
          <span aria-hidden="true" className={styles.faultMark}>
            !
          </span>
          {fault}
        </p>
      )}
    </div>
  )
}
