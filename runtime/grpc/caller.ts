import type { Metadata } from '@grpc/grpc-js';
import type { Identity } from '../identity';

/** Beside the metadata and not in it: nothing that a caller sends can take this place. */
const callers = new WeakMap<Metadata, Identity>();

/** Keeps who calls for the handlers of the call whose metadata this is. */
export function setCaller(metadata: Metadata, identity: Identity): void {
  callers.set(metadata, identity);
}

/** Who calls; undefined at a listener that asks nobody. */
export function callerOf(metadata: Metadata): Identity | undefined {
  return callers.get(metadata);
}
