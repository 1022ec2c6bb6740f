/** Asking a node's own server whether it works. */
export { probeHttp, type HttpProbeSettings } from './http-get';
export { probeTcp } from './tcp-connect';
export { probeOf, type Probe, type ProbeSettings } from './probe';
export { startProber, type Prober, type ProberOptions } from './prober';
