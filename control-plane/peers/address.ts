import type { Peer } from '../consul';

/** Where to dial another control plane, `host:port`. */
export function addressOf({ host, port }: Peer): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
