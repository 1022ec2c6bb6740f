/** Asking a node's own server whether it works. */
export { probeOf, type Probe, type ProbeSettings } from './probe';
export { startProber, type Prober, type ProberOptions } from './prober';
