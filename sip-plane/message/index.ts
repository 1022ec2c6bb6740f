/** SIP on the wire: bytes in, offsets out; splices in, bytes out. */
export { AddressView } from './address-view';
export {
  equalsBytes,
  equalsLower,
  isDigit,
  isLws,
  isToken,
  parseNumber,
  skipLws,
  COMMA,
  EQUALS,
  SEMICOLON,
} from './chars';
export { Edits, wire } from './edits';
export { HeaderKind, HeaderNames } from './header-names';
export { MessageParser, type ParserLimits, type ScanRules } from './message-parser';
export { MessageView } from './message-view';
export { METHOD_NAMES, Method, methodOf, wantsRecordRoute } from './method';
export { REJECT_COUNT, Reject, rejectInfo, type RejectInfo } from './reject';
export { SCAN_INTS, Scan, ScanHash } from './scan-layout';
export { StreamFramer, type FramerEvents } from './stream-framer';
export { Scheme, UriResult, UriView } from './uri-view';
export { ViaView, isOverload, paramValueEnd } from './via-view';
