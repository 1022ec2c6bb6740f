/** Sockets: batches of datagrams and framed streams, and who is at the other end. */
export { Connection, type Undelivered } from './connection';
export { DgramEngine } from './dgram-engine';
export { Listener, transportName, type Leg } from './listener';
export { Peer } from './peer';
export { PeerTable } from './peer-table';
export { TcpTransport, type TcpEvents } from './tcp-transport';
export { BATCH_SIZE, DatagramBatch, type BatchHandler, type UdpEngine, type UdpOptions } from './udp-engine';
export { NameCache, systemResolve, type Resolve } from './name-cache';
