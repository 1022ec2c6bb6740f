/** Byte classes of the SIP grammar (RFC 3261 25.1) and small readers over bytes. Packet path: no strings. */
const CR = 13;
const LF = 10;
const SP = 32;
const HT = 9;
const QUOTE = 34;
const COMMA = 44;
const SLASH = 47;
const COLON = 58;
const SEMICOLON = 59;
const LESS = 60;
const EQUALS = 61;
const GREATER = 62;
const QUESTION = 63;
const AT = 64;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;

const TOKEN_BIT = 1;
const LWS_BIT = 2;
const HOST_BIT = 4;

const CLASSES = new Uint8Array(256);
const LOWER = new Uint8Array(256);

for (let byte = 0; byte < 256; byte += 1) {
  const text = String.fromCharCode(byte);
  LOWER[byte] = byte >= 65 && byte <= 90 ? byte + 32 : byte;
  let bits = 0;
  if (/[A-Za-z0-9\-.!%*_+`'~]/.test(text)) bits |= TOKEN_BIT;
  if (byte === SP || byte === HT || byte === CR || byte === LF) bits |= LWS_BIT;
  // The underscore is no host character, but names with it are in use.
  if (/[A-Za-z0-9\-._]/.test(text)) bits |= HOST_BIT;
  CLASSES[byte] = bits;
}

export function isToken(byte: number): boolean {
  return ((CLASSES[byte] as number) & TOKEN_BIT) !== 0;
}

export function isLws(byte: number): boolean {
  return ((CLASSES[byte] as number) & LWS_BIT) !== 0;
}

export function isHostByte(byte: number): boolean {
  return ((CLASSES[byte] as number) & HOST_BIT) !== 0;
}

export function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

export function lower(byte: number): number {
  return LOWER[byte] as number;
}

/** The first place at or after `at` that is no white space (folds included), at most `end`. */
export function skipLws(bytes: Buffer, at: number, end: number): number {
  let i = at;
  while (i < end && isLws(bytes[i] as number)) i += 1;
  return i;
}

/** The place after the last byte before `end` that is no white space, at least `start`. */
export function trimEnd(bytes: Buffer, start: number, end: number): number {
  let i = end;
  while (i > start && isLws(bytes[i - 1] as number)) i -= 1;
  return i;
}

/** True if the range is the given text, whatever its case; `text` is lower case. */
export function equalsLower(bytes: Buffer, start: number, end: number, text: Buffer): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i += 1) if (lower(bytes[start + i] as number) !== text[i]) return false;
  return true;
}

/** True if the range is exactly the given bytes. */
export function equalsBytes(bytes: Buffer, start: number, end: number, text: Buffer): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i += 1) if (bytes[start + i] !== text[i]) return false;
  return true;
}

/** A number of 1 to 15 digits, leading zeros aside; -1 when the range is anything else. */
export function parseNumber(bytes: Buffer, start: number, end: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] as number;
    if (!isDigit(byte)) return -1;
    value = value * 10 + (byte - 48);
    if (value > 999_999_999_999_999) return -1;
  }
  return value;
}

/** The place after a quoted string that begins at `at`, or -1 when it does not end before `end`. */
export function skipQuoted(bytes: Buffer, at: number, end: number): number {
  for (let i = at + 1; i < end; i += 1) {
    const byte = bytes[i];
    if (byte === BACKSLASH) i += 1;
    else if (byte === QUOTE) return i + 1;
  }
  return -1;
}

// Exported at the end, so that this file reads its own constants and not the fields of its exports object.
export {
  CR,
  LF,
  SP,
  HT,
  QUOTE,
  COMMA,
  SLASH,
  COLON,
  SEMICOLON,
  LESS,
  EQUALS,
  GREATER,
  QUESTION,
  AT,
  OPEN_BRACKET,
  BACKSLASH,
  CLOSE_BRACKET,
};
