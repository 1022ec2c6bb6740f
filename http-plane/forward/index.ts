/** What every forwarder is made of, and says. */
export { type Forwarder, type ForwarderOptions } from './forwarder';
export * from './own-answer';
export { endRequestSpan, startRequestSpan } from './request-span';
export { UnavailableHost } from './unavailable-host';
export { forwardedElement } from './forwarded-element';
export { endpointFor } from './node-endpoint';
