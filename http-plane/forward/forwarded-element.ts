/**
 * What a hop says of its client in `Forwarded` (RFC 7239 4 and 6): address, scheme and, where there is one, the host that was asked for.
 * Quoted where the value is no token; `host` is an authority, which holds no quotes.
 */
export function forwardedElement(address: string, proto: string, host: string): string {
  const client = address.includes(':') ? `"[${address}]"` : address;
  return `for=${client};proto=${proto}${host === '' ? '' : `;host="${host}"`}`;
}
