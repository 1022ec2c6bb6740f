/** gRPC as Triplane uses it: servers, channels, unary calls with trace and deadline. */
export { channelCredentials, clientChannelOptions } from './channel';
export { Dialer, type DialSettings } from './dialer';
export { callerOf, setCaller } from './caller';
export { hostOf, isLoopback } from './loopback';
export { errorReason, refusalDetails, type RefusalFacts } from './refusal-details';
export { createServer, listen, stopServer, type ListenOptions } from './server';
export { StatusError, callUnary, statusOf, unary, type CallInfo, type CallOptions, type HandlerOptions } from './unary';
