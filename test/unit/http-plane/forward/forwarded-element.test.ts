import { forwardedElement } from '../../../../http-plane/forward';

test.each([
  ['192.0.2.1', 'https', 'example.com:8443', 'for=192.0.2.1;proto=https;host="example.com:8443"'],
  ['2001:db8::1', 'http', '[2001:db8::2]', 'for="[2001:db8::1]";proto=http;host="[2001:db8::2]"'],
  ['192.0.2.1', 'http', '', 'for=192.0.2.1;proto=http'],
])('RFC 7239 4 and 6: %s by %s to "%s" is %s', (address, proto, host, expected) => {
  expect(forwardedElement(address, proto, host)).toBe(expected);
});
