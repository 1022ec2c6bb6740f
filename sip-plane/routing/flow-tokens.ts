import { createHmac } from 'node:crypto';
import { base32Text, readBase32, writeBase32, type KeyRing, type SigningKey } from '../affinity';
import { canonicalIpv6, ipv6Groups, type Connection, type Peer } from '../transport';

/** Letters that tokens begin with: who is called, and over what. */
const CALL = 102;
const REGISTERED = 112;
const CALL_BY_UDP = 117;
const REGISTERED_BY_UDP = 113;

const ID_CHARS = 7;
const IPV4_CHARS = 7;
const GROUP_CHARS = 4;
const IPV6_CHARS = 8 * GROUP_CHARS;
/** The port and the listener's index. */
const PLACE_CHARS = 5;
const LISTENERS = 32;
const MAC_CHARS = 8;
const MAX_KNOWN = 10_000;
const AT = '@';

/** What a token of ours names. */
export interface Flow {
  /** A client that registered, by our Path: when it is gone it is not to be reached (RFC 5626 5.3). False: the other side of a call. */
  readonly registered: boolean;
  /** 0: it came by UDP. -1: signed with a key that is not known any more, so whatever it names is gone. */
  readonly connectionId: number;
  /** Of UDP: where packets of the flow come from, and to which listener of ours. */
  readonly host: string;
  readonly port: number;
  readonly listenerIndex: number;
}

/** `forged`: it was changed. `none`: it is no token. */
export type FlowReading = Flow | 'forged' | 'none';

const GONE = { connectionId: -1, host: '', port: 0, listenerIndex: 0 };

interface Signed {
  readonly key: SigningKey;
  readonly listenerIndex: number;
  readonly text: Buffer;
}

/**
 * Tokens in the user part of our Record-Route and Path that name the way back to whoever sent a request: a connection by its id, or for UDP the
 * address that packets come from and the listener they come to (RFC 5626 5.1, 5.2). Signed, so that nobody can send by flows that he was not
 * told; verified and taken apart once, then looked up.
 */
export class FlowTokens {
  readonly #keys: KeyRing;
  readonly #known = new Map<string, Flow>();
  readonly #signed: Readonly<Record<'call' | 'registered', WeakMap<Connection | Peer, Signed>>> = {
    call: new WeakMap(),
    registered: new WeakMap(),
  };

  constructor(keys: KeyRing) {
    this.#keys = keys;
  }

  /** `token@` for a connection; undefined while the control plane gave no key. */
  ofConnection(connection: Connection, registered: boolean): Buffer | undefined {
    const kept = this.#kept(connection, 0, registered);
    if (kept !== undefined) return kept;
    const letter = registered ? REGISTERED : CALL;
    return this.#sign(connection, 0, registered, String.fromCharCode(letter) + number(connection.id, ID_CHARS));
  }

  /** `token@` for a peer that sends by UDP to one of our listeners; undefined while the control plane gave no key. */
  ofPeer(peer: Peer, listenerIndex: number, registered: boolean): Buffer | undefined {
    const kept = this.#kept(peer, listenerIndex, registered);
    if (kept !== undefined) return kept;
    const letter = registered ? REGISTERED_BY_UDP : CALL_BY_UDP;
    const place = number(peer.port * LISTENERS + listenerIndex, PLACE_CHARS);
    return this.#sign(peer, listenerIndex, registered, String.fromCharCode(letter) + addressOf(peer) + place);
  }

  /** What the user part at [start, end) says. */
  read(bytes: Buffer, start: number, end: number): FlowReading {
    const payload = payloadChars(bytes[start], end - start - 2 - MAC_CHARS);
    if (start < 0 || payload < 0) return 'none';
    const text = bytes.toString('latin1', start, end);
    return this.#known.get(text) ?? this.#verify(text, payload);
  }

  #kept(flow: Connection | Peer, listenerIndex: number, registered: boolean): Buffer | undefined {
    const kept = (registered ? this.#signed.registered : this.#signed.call).get(flow);
    return kept?.key === this.#keys.signer && kept?.listenerIndex === listenerIndex ? kept.text : undefined;
  }

  #sign(flow: Connection | Peer, listenerIndex: number, registered: boolean, body: string): Buffer | undefined {
    const key = this.#keys.signer;
    if (key === undefined) return undefined;
    const text = Buffer.from(body + key.id + mac(key, body) + AT, 'latin1');
    (registered ? this.#signed.registered : this.#signed.call).set(flow, { key, listenerIndex, text });
    return text;
  }

  #verify(text: string, payload: number): FlowReading {
    const body = text.slice(0, 1 + payload);
    const keys = this.#keys.all.filter(({ id }) => id === text[1 + payload]);
    if (keys.length === 0) return { ...GONE, registered: isRegistered(text.charCodeAt(0)) };
    if (!keys.some((key) => mac(key, body) === text.slice(2 + payload))) return 'forged';
    const flow = flowOf(body);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(text, flow);
    return flow;
  }
}

const isRegistered = (letter: number | undefined): boolean => letter === REGISTERED || letter === REGISTERED_BY_UDP;

/** Characters between letter and key, if a token of that letter may have so many; else -1. */
function payloadChars(letter: number | undefined, chars: number): number {
  if (letter === CALL || letter === REGISTERED) return chars === ID_CHARS ? chars : -1;
  if (letter !== CALL_BY_UDP && letter !== REGISTERED_BY_UDP) return -1;
  return chars === IPV4_CHARS + PLACE_CHARS || chars === IPV6_CHARS + PLACE_CHARS ? chars : -1;
}

/** Takes a verified body apart. */
function flowOf(body: string): Flow {
  const bytes = Buffer.from(body, 'latin1');
  const registered = isRegistered(bytes[0]);
  if (bytes.length === 1 + ID_CHARS) {
    return { registered, connectionId: readBase32(bytes, 1, ID_CHARS), host: '', port: 0, listenerIndex: 0 };
  }
  const placeAt = bytes.length - PLACE_CHARS;
  const place = readBase32(bytes, placeAt, PLACE_CHARS);
  return {
    registered,
    connectionId: 0,
    host: placeAt === 1 + IPV4_CHARS ? ipv4At(bytes) : ipv6At(bytes),
    port: Math.floor(place / LISTENERS),
    listenerIndex: place % LISTENERS,
  };
}

function addressOf({ family, host, ipv4 }: Peer): string {
  if (family === 4) return number(ipv4, IPV4_CHARS);
  return (ipv6Groups(host) ?? []).map((group) => number(group, GROUP_CHARS)).join('');
}

function ipv4At(bytes: Buffer): string {
  const value = readBase32(bytes, 1, IPV4_CHARS);
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

function ipv6At(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => readBase32(bytes, 1 + i * GROUP_CHARS, GROUP_CHARS));
  const text = groups.map((group) => group.toString(16)).join(':');
  return canonicalIpv6(text) ?? text;
}

function number(value: number, chars: number): string {
  const bytes = Buffer.alloc(chars);
  writeBase32(bytes, 0, value, chars);
  return bytes.toString('latin1');
}

function mac(key: SigningKey, body: string): string {
  return base32Text(createHmac('sha256', key.secret).update(`flow ${body}`).digest(), MAC_CHARS);
}
