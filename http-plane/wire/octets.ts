/** Octets and classes of octets (RFC 9110 5.5 and 5.6.2, RFC 9112 3.2). Tables, because the parser asks for each byte. */
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const ASTERISK = 0x2a;

/** 1 for the characters of a token: names of methods and fields. */
export const TOKEN = table((octet) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(octet)));

/** 1 for what a field value may hold: HTAB, space, visible characters, 0x80-0xff. */
export const FIELD = table((octet) => octet === TAB || (octet >= SP && octet !== 0x7f));

/** 1 for what a request target may hold. Wider than RFC 3986, as browsers are: it is handed on, not interpreted. */
export const TARGET = table((octet) => octet > SP && octet !== 0x7f);

/** 1 for what an authority may hold. */
export const AUTHORITY = table((octet) => /[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]/.test(String.fromCharCode(octet)));

/** The value of a hexadecimal digit, 255 for others. */
export const HEX = Uint8Array.from({ length: 256 }, (_, octet) => {
  const value = Number.parseInt(String.fromCharCode(octet), 16);
  return Number.isNaN(value) ? 255 : value;
});

function table(belongs: (octet: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => (belongs(octet) ? 1 : 0));
}

/** The octets [start, end) as text, one character each. */
export function latin1(buffer: Buffer, start: number | undefined, end: number | undefined): string {
  return buffer.toString('latin1', start, end);
}
