/** SMPP: balances the binds of ESMEs over SMSCs and carries their PDUs. */
export { createSmppPlane } from './plane';
export { startSmppPlane } from './start';
