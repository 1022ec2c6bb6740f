/** Reads the configuration files of the Restcomm / Mobicents load balancer. */
export { convertPredecessor, isPredecessorFile, type Conversion } from './convert';
export { type LeftOver } from './draft';
