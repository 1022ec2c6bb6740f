import { canonicalIpv6, ipv6Text } from './ipv6';
import { Peer, ipv4OfBytes, ipv4OfText, ipv4Text, peerKey } from './peer';

const DEFAULT_LIMIT = 65_536;
/** Places of the shortcut; a power of two. */
const SHORTCUTS = 4096;
const COLON = 58;
const MAPPED = '::ffff:';

/**
 * Hands out one Peer per address and port, so that hot paths compare identities. Bounded: strangers are kept in two generations of
 * `limit` each, the older of which goes when the newer is full; node endpoints stay while they are pinned.
 */
export class PeerTable {
  readonly #limit: number;
  readonly #pinned = new Map<number | string, Peer>();
  #recent = new Map<number | string, Peer>();
  #older = new Map<number | string, Peer>();
  /** The peers asked for last, each at the place that its numbers hash to: spares the maps on hot paths. */
  readonly #shortcuts: (Peer | undefined)[] = Array.from({ length: SHORTCUTS });

  constructor(limit = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#pinned.size + this.#recent.size + this.#older.size;
  }

  /** For IPv4 as a number: no text is read. */
  ofIpv4(ipv4: number, port: number): Peer {
    const place = shortcut(ipv4, port);
    const recent = this.#shortcuts[place];
    if (recent !== undefined && recent.ipv4 === ipv4 && recent.port === port) return recent;
    const key = peerKey('', ipv4, port);
    const peer = this.#known(key) ?? this.#remember(key, new Peer(ipv4Text(ipv4), port));
    this.#shortcuts[place] = peer;
    return peer;
  }

  /** For IPv6 as four numbers at `at`; `scope` is the index of the interface of a link-local address. */
  ofIpv6(words: Uint32Array, at: number, scope: number, port: number): Peer {
    const [a, b, c, d] = [
      words[at] as number,
      words[at + 1] as number,
      words[at + 2] as number,
      words[at + 3] as number,
    ];
    const place = shortcut(a ^ Math.imul(b, 3) ^ Math.imul(c, 5) ^ Math.imul(d, 7), port);
    const recent = this.#shortcuts[place];
    const known = recent?.ipv6;
    if (
      recent !== undefined &&
      known !== undefined &&
      recent.port === port &&
      recent.scope === scope &&
      known[0] === a &&
      known[1] === b &&
      known[2] === c &&
      known[3] === d
    ) {
      return recent;
    }
    const peer = this.ofText(ipv6Text(words, at, scope), port);
    this.#shortcuts[place] = peer;
    return peer;
  }

  /** For an address as the socket layer gives it; IPv4 mapped into IPv6 counts as IPv4. */
  ofText(host: string, port: number): Peer {
    const ipv4 = ipv4OfText(host.startsWith(MAPPED) ? host.slice(MAPPED.length) : host);
    if (ipv4 >= 0) return this.ofIpv4(ipv4, port);
    const key = peerKey(host, -1, port);
    return this.#known(key) ?? this.#remember(key, new Peer(host, port));
  }

  /** For a host that stands in a message; undefined when it is a name. */
  ofBytes(bytes: Buffer, start: number, end: number, port: number): Peer | undefined {
    const ipv4 = ipv4OfBytes(bytes, start, end);
    if (ipv4 >= 0) return this.ofIpv4(ipv4, port);
    if (!hasColon(bytes, start, end)) return undefined;
    const text = bytes.toString('latin1', start, end);
    const address = canonicalIpv6(text);
    return address === undefined ? undefined : this.ofText(address, port);
  }

  /** The peer of a host in a message if it is already known; makes none. */
  find(bytes: Buffer, start: number, end: number, port: number): Peer | undefined {
    const ipv4 = ipv4OfBytes(bytes, start, end);
    if (ipv4 >= 0) return this.#knownIpv4(ipv4, port);
    if (!hasColon(bytes, start, end)) return undefined;
    const address = canonicalIpv6(bytes.toString('latin1', start, end));
    return address === undefined ? undefined : this.#known(peerKey(address, -1, port));
  }

  /** Keeps exactly these addresses whatever strangers come. */
  pin(peers: Iterable<Peer>): void {
    this.#pinned.clear();
    this.#shortcuts.fill(undefined);
    for (const peer of peers) this.#pinned.set(peer.key, peer);
  }

  #knownIpv4(ipv4: number, port: number): Peer | undefined {
    const recent = this.#shortcuts[shortcut(ipv4, port)];
    if (recent !== undefined && recent.ipv4 === ipv4 && recent.port === port) return recent;
    return this.#known(peerKey('', ipv4, port));
  }

  #known(key: number | string): Peer | undefined {
    const pinned = this.#pinned.get(key);
    if (pinned !== undefined) return pinned;
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key);
    return older === undefined ? undefined : this.#remember(key, older);
  }

  #remember(key: number | string, peer: Peer): Peer {
    if (this.#recent.size >= this.#limit) {
      this.#older = this.#recent;
      this.#recent = new Map();
      this.#shortcuts.fill(undefined);
    }
    this.#recent.set(key, peer);
    return peer;
  }
}

/** Without one it is no IPv6 address but a name. */
function hasColon(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === COLON) return true;
  return false;
}

const shortcut = (ipv4: number, port: number): number =>
  (Math.imul(ipv4 ^ (port << 15), 0x9e3779b1) >>> 16) & (SHORTCUTS - 1);
