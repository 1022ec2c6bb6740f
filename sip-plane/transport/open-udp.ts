import { TriplaneError } from '../../runtime/errors';
import { loadNativeUdp } from '../native';
import { DgramEngine } from './dgram-engine';
import { NativeEngine } from './native-engine';
import type { UdpEngine, UdpOptions } from './udp-engine';

/** Which implementation of UDP is wanted; `auto`: the native one where it was built. */
export type UdpEngineChoice = 'auto' | 'native' | 'dgram';

/** Opens a UDP socket by the wanted implementation. Rejects with ADDRESS_…, or CONFIG_INVALID when `native` cannot be had. */
export async function openUdp(choice: UdpEngineChoice, options: UdpOptions): Promise<UdpEngine> {
  const native = choice === 'dgram' ? undefined : loadNativeUdp();
  if (native !== undefined) return new NativeEngine(native, options);
  if (choice !== 'native') return await DgramEngine.open(options);
  throw new TriplaneError(
    'CONFIG_INVALID',
    'sip.udpEngine: expected auto or dgram, got native, which was not built here; install a C compiler and run npm run build',
  );
}
