/** The HTTP plane: HTTP/1.1 and WebSocket between clients and application nodes. */
export { createHttpPlane, startHttpPlane } from './http-plane';
