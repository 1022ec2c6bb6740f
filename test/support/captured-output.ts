/** Runs `work` and returns what it wrote to standard output; nothing of it reaches the terminal. */
export async function capturedOutput(work: () => Promise<unknown>): Promise<string> {
  let text = '';
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += chunk.toString();
    return true;
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return text;
}
