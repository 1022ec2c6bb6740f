/** The value of the first cookie of that name (its case counts), or undefined. */
export function cookieValue(cookies: readonly string[], name: string): string | undefined {
  for (let i = 0; i < cookies.length; i += 1) {
    const line = cookies[i] as string;
    let start = 0;
    while (start < line.length) {
      while (line[start] === ' ') start += 1;
      let end = line.indexOf(';', start);
      if (end === -1) end = line.length;
      if (line.startsWith(name, start) && line[start + name.length] === '=') {
        return line.slice(start + name.length + 1, end).trim();
      }
      start = end + 1;
    }
  }
  return undefined;
}
