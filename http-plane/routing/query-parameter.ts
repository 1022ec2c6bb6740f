const EQUALS = 0x3d;

/**
 * The value of a query parameter, percent-decoded so that it equals the same key in a SIP message, or undefined when the target has
 * none or an empty one. The first of several counts; bad escapes are left as they are.
 */
export function queryParameter(target: string, name: string): string | undefined {
  let start = target.indexOf('?');
  if (start === -1) return undefined;
  while (start !== -1 && start < target.length) {
    start += 1;
    if (target.startsWith(name, start) && target.charCodeAt(start + name.length) === EQUALS) {
      const end = target.indexOf('&', start);
      const value = target.slice(start + name.length + 1, end === -1 ? target.length : end);
      return value === '' ? undefined : decode(value);
    }
    start = target.indexOf('&', start);
  }
  return undefined;
}

function decode(value: string): string {
  if (!value.includes('%') && !value.includes('+')) return value;
  const spaced = value.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
