/** The optional addon for batched UDP: built where a compiler is, done without elsewhere. */
export { loadNativeUdp, type NativeUdp } from './load';
