import { OutBatch } from '../../../../smpp-plane/session/out-batch';

describe('OutBatch', () => {
  test('neighbours of one chunk stay one slice without a copy', () => {
    const chunk = Buffer.from('abcdef');
    const batch = new OutBatch();
    batch.add(chunk, 1, 3);
    batch.add(chunk, 3, 6);
    const [piece, ...rest] = batch.take();
    expect(piece?.toString()).toBe('bcdef');
    expect(piece?.buffer).toBe(chunk.buffer);
    expect(rest).toEqual([]);
    expect(batch.take()).toEqual([]);
  });

  test('keeps the order of small and large strays over many rounds', () => {
    const batch = new OutBatch();
    for (let round = 0; round < 20; round += 1) {
      const parts = Array.from({ length: 30 }, (_, i) => Buffer.alloc(i % 7 === 0 ? 3000 : 100 + i, i));
      for (const part of parts) batch.add(part, 0, part.length);
      expect(Buffer.concat(batch.take()).equals(Buffer.concat(parts))).toBe(true);
    }
  });
});
