import type { Protocol } from '../proto';
import type { ProcessContext } from '../runtime/process-context';
import type { PlaneCore } from './plane-core';

export interface CoreOptions {
  readonly protocol: Protocol;
  /** Stable name of this plane. */
  readonly planeId: string;
  /** Where `/healthz`, `/readyz` and `/metrics` are served. */
  readonly admin: { readonly host: string; readonly port: number };
}

/** A core that subscribes to the control plane, reports figures and serves the admin pages; closed by whoever started it. */
export interface RunningCore extends PlaneCore {
  /** `admin`: `host:port`. */
  readonly addresses: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startPlaneCore(_context: ProcessContext, _options: CoreOptions): Promise<RunningCore> {
  throw new Error('not written yet');
}
