/** Reads the configuration files of the Restcomm / Mobicents load balancer. */
export { convertPredecessor, isPredecessorFile, type Conversion, type LeftOver } from './convert';
