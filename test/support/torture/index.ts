/** The torture messages of RFC 4475 (49) and RFC 5118 (12), typed anew, each with what the balancer does with it. */
import { RFC4475_INVALID } from './rfc4475-invalid';
import { RFC4475_LAYERS } from './rfc4475-layers';
import { RFC4475_VALID } from './rfc4475-valid';
import { RFC5118 } from './rfc5118';

export { type Outcome, type TortureMessage } from './torture-message';

export const RFC4475 = [...RFC4475_VALID, ...RFC4475_INVALID, ...RFC4475_LAYERS];
export { RFC5118 };
export const TORTURE = [...RFC4475, ...RFC5118];
export { TORTURE_TRANSPORTS, TortureRun, wantedOver, type TortureTransport } from './torture-run';
