/** What planes are sent: snapshots, deltas, and what became of them. */
export { PlaneDirectory, type PlaneRecord } from './plane-directory';
export { PushHub, type PushHubOptions, type Wiring } from './push-hub';
export { type Cause, type Subscription } from './subscription';
