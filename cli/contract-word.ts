/** A value of the contract as people write it: `NODE_STATE_ACTIVE` is ACTIVE, `PROTOCOL_SIP` is SIP. */
export function contractWord(value: string | undefined): string {
  return (value ?? 'UNSPECIFIED').replace(/^(NODE_STATE|PROTOCOL|TRANSPORT)_/, '');
}
