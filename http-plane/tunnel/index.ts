/** Upgraded connections: bytes both ways, nothing looked at. */
export { drainedNodes } from './drained-nodes';
export { Tunnel, type TunnelEnd, type TunnelOptions } from './tunnel';
export { Tunnels, type TunnelEnds, type TunnelsOptions } from './tunnels';
