'use client'

import { useId } from 'react'
import styles from './choice.module.css'
import { useForm } from './form'

/** One of a few, each in a line that can be pressed as a whole. */
export function Choice({
  name,
  label,
  options,
}: {
  name: string
  label: string
  options: { value: string; label: string; note?: string }[]
}) {
  const { state } = useForm()
  const id = useId()
  const fault = state.fields[name]
  return (
    <fieldset className={styles.choice} aria-describedby={fault ? `${id}-fault` : undefined}>
      <legend className={styles.legend}>{label}</legend>
      {options.map((option) => (
        <label key={option.value} className={styles.option}>
          <input
            // Like a select: made anew, since React's reset knows the very first choice only.
            key={state.attempt}
            className={styles.dot}
            type="radio"
            name={name}
            value={option.value}
            defaultChecked={state.values[name] === option.value}
            aria-invalid={fault ? true : undefined}
          />
          <span>
            <span className={styles.name}>{option.label}</span>
            {option.note ? <span className={styles.note}>{option.note}</span> : null}
          </span>
        </label>
      ))}
      {fault ? (
        <p className={styles.fault} id={`${id}-fault`}>
          {fault}
        </p>
      ) : null}
    </fieldset>
  )
}
