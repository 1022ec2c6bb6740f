/** Waits for a condition instead of a time; fails with `what` after `limitMs`. */
export async function until<T>(what: string, probe: () => T | Promise<T>, limitMs = 10_000): Promise<NonNullable<T>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > end) throw new Error(`gave up after ${limitMs} ms waiting until ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
