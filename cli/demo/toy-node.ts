import type { Endpoint } from '../../proto';

/** A small real server that plays an application node. */
export interface ToyNode {
  readonly id: string;
  readonly protocol: 'SIP' | 'HTTP' | 'SMPP';
  readonly endpoints: readonly Endpoint[];
  /** Calls, requests or messages that it has answered. */
  readonly answered: number;
  close(): Promise<void>;
}
