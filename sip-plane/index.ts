/** The SIP plane: a stateless proxy that spreads calls over the nodes and keeps each where it is. */
export { createSipPlane, type SipPlaneExtras } from './plane';
export { startSipPlane } from './start';
