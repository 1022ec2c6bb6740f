/** The plane's own HTTP/1.1 engine. */
export { startWireForwarder } from './wire-forwarder';
