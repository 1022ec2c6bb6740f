/** Sockets: batches of datagrams, framed streams and WebSockets, and who is at the other end. */
export { AddressRanges } from './address-ranges';
export { Connection, type Undelivered } from './connection';
export { ConnectionTable } from './connection-table';
export { canonicalIpv6, ipv6Groups } from './ipv6';
export { Listener, transportName, uriTransport, type Advertised, type Leg } from './listener';
export { Listeners, type Alias, type ListenerEvents, type ListenersOptions, type Opened } from './listeners';
export { openUdp, type UdpEngineChoice } from './open-udp';
export { Peer } from './peer';
export { PeerTable } from './peer-table';
export { RateLimiter } from './rate-limiter';
export { STUN_ANSWER_BYTES, answerStun, isStun } from './stun';
export { StreamTransport, type StreamEvents } from './stream-transport';
export { DatagramBatch, type BatchHandler, type UdpEngine, type UdpOptions } from './udp-engine';
export { targetFor, type Question, type Resolver, type Target } from './locate';
export { NameCache } from './name-cache';
