/** Ways to stay alive for nodes that do not speak gRPC. */
export { nodeFromProperties, type HeartbeatFacts } from './node-from-properties';
export { SipHeartbeats, type SipHeartbeatOptions } from './sip-heartbeats';
