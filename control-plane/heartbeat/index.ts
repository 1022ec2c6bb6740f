/** Ways to stay alive for nodes that do not speak gRPC. */
export { JsonHeartbeats, type JsonHeartbeatOptions, type JsonReply } from './json-heartbeats';
export { listenForJson } from './json-listener';
export { nodeFromProperties, type HeartbeatFacts } from './node-from-properties';
export { sendStopPackets, type StopTarget } from './stop-packets';
export { SipHeartbeats, type SipHeartbeatOptions } from './sip-heartbeats';
