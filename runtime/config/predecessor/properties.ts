/** Reads Java properties: `key=value`, `key: value`, `#` and `!` comments, a backslash that continues a line. Later keys win. */
export function readProperties(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  const lines = text.replaceAll(/\\\r?\n[ \t\f]*/g, '').split(/\r?\n/);
  for (const line of lines) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) continue;
    const [, key = trimmed, value = ''] = /^([^\s=:]+)\s*[=:\s]\s*(.*)$/.exec(trimmed) ?? [];
    entries.set(key, value.trim());
  }
  return entries;
}
