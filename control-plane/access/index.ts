/** Who may call what: the doors of the control plane's gRPC listeners. */
export { Doors, type Door } from './doors';
export { RateLimiter } from './rate-limiter';
