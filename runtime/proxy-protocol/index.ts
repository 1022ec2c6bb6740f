/** Who a connection comes from when a proxy stands in front (PROXY protocol 1 and 2, of HAProxy). */
export { ProxyDoor, type Peer, type ProxyDoorOptions } from './proxy-door';
export { readProxyHeader, type ProxyFault, type ProxyHeader } from './proxy-header';
