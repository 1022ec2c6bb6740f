/** HTTP/2 for clients; nodes get HTTP/1.1. */
export { Http2Clients } from './http2-clients';
