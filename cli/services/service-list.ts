import path from 'node:path';

/** The services, in the order in which they start. */
export const SERVICES = ['control-plane', 'sip-plane', 'http-plane', 'smpp-plane'] as const;

export type ServiceName = (typeof SERVICES)[number];

/** The built program of a service. */
export function mainOf(service: ServiceName): string {
  return path.join(__dirname, '..', '..', service, 'main.js');
}
