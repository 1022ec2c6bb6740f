import { serviceArgs, type Globals } from '../globals';
import { mainOf, type ServiceName } from './service-list';

/** `triplane control | sip | http | smpp`: this process becomes the service, by the same program that `up` starts. */
export function runService(globals: Globals, service: ServiceName): void {
  const main = mainOf(service);
  process.argv = [process.execPath, main, ...serviceArgs(globals)];
  // Not an import: the program runs when it is loaded, and no other service may be loaded with it.
  require(main);
}
