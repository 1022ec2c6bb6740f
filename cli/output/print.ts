/** One JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, jsonValue, 2)}\n`);
}

/** One JSON document on one line, for streams of them. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, jsonValue)}\n`);
}

export function printText(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Text that replaces what stood there: clears a terminal first, and only appends to a file or pipe. */
export function repaint(text: string): void {
  const home = '\u001B[H\u001B[J';
  printText(process.stdout.isTTY ? `${home}${text}` : `${text}\n`);
}

function jsonValue(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
