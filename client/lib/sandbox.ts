/** What the sandbox's bank can be told to answer, in words for people. */
export const sandboxOutcomes: { value: string; token: string; label: string; note: string }[] = [
  {
    value: 'pays',
    token: 'tok_visa',
    label: 'Payment goes through',
    note: 'The bank says yes at once.',
  },
  {
    value: 'slow',
    token: 'tok_slow',
    label: 'Payment goes through, slowly',
    note: 'The bank takes a moment to think.',
  },
  {
    value: 'late',
    token: 'tok_webhookLate',
    label: 'The answer comes later',
    note: 'The bank does not know yet when it is asked first.',
  },
  {
    value: 'declined',
    token: 'tok_chargeDeclined',
    label: 'Card is declined',
    note: 'The bank says no, without a reason.',
  },
  {
    value: 'poor',
    token: 'tok_chargeDeclinedInsufficientFunds',
    label: 'Not enough money',
    note: 'The card is fine, the account is empty.',
  },
  {
    value: 'expired',
    token: 'tok_chargeDeclinedExpiredCard',
    label: 'Card has expired',
    note: 'The bank wants a newer one.',
  },
]

export function sandboxToken(outcome: string): string | undefined {
  return sandboxOutcomes.find((known) => known.value === outcome)?.token
}
