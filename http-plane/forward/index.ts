/** Moves requests and answers between clients and nodes. */
export { type Forwarder, type ForwarderOptions } from './forwarder';
export { startHttpProxyForwarder } from './http-proxy-forwarder';
