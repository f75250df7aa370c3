'use client'

import { useSyncExternalStore } from 'react'

/** Whether scripts run here, as known after the first render. */
export function useScripted(): boolean {
  return useSyncExternalStore(never, yes, no)
}

const never = () => () => {}
const yes = () => true
const no = () => false
