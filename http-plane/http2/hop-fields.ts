/** Fields of one hop, which HTTP/2 has no place for and which are never passed on (RFC 9110 7.6.1, RFC 9113 8.2.2). */
export const HOP_FIELDS: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
