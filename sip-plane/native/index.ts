/** The optional addon for batched UDP: built where a compiler is, done without elsewhere. */
export {
  QUEUE_INTS,
  Queue,
  RECORD_INTS,
  AddressRecord,
  loadNativeUdp,
  type NativeSocket,
  type NativeSocketOptions,
  type NativeUdp,
} from './load';
