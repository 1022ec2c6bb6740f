/** Attribute that marks a span as one of the many: sampled at the traffic ratio. All other spans are always sampled. */
export const TRAFFIC = 'triplane.traffic';

/** True for the given share (0-1) of trace ids (32 hex digits), and the same at every hop: it looks at the id only. */
export function traceIdInRatio(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(-8), 16) < ratio * 0x1_0000_0000;
}
