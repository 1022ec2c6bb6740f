import type { Duration } from './gen/google/protobuf/duration';

/** A protobuf Duration as milliseconds; absent counts as zero. */
export function toMs(duration: Duration | undefined): number {
  return duration === undefined ? 0 : duration.seconds * 1000 + duration.nanos / 1e6;
}

/** Milliseconds (>= 0, fractions kept to the nanosecond) as a protobuf Duration. */
export function fromMs(ms: number): Duration {
  const seconds = Math.trunc(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) };
}
