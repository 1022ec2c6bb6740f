/** Signals closer together than this are one: npm passes on what the terminal has already sent. */
const SAME_MS = 500;

/** Runs `close` at the first SIGTERM or SIGINT, and `now` at a later one. */
export function onStopSignal(close: () => Promise<void>, now: () => void): void {
  let firstAtMs: number | undefined = undefined;
  const stop = (): void => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now();
      void close();
    } else if (performance.now() - firstAtMs > SAME_MS) now();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
