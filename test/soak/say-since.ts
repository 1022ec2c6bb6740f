/** Prints a line with the seconds since then, which is of `performance.now()`. */
export function saySince(begunMs: number): (text: string) => void {
  return (text) => {
    const seconds = ((performance.now() - begunMs) / 1000).toFixed(1).padStart(7);
    process.stdout.write(`${seconds} s  ${text}\n`);
  };
}
