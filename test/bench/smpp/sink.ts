import { createServer as createHttp } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { Frames } from './frames';

/** An SMSC that answers everything at once, and a place where traces end; a process of its own. Says its ports by IPC. */
const smsc = createServer((socket) => {
  const frames = new Frames();
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    const answers: Buffer[] = [];
    frames.push(chunk, (bytes, start) => {
      const command = bytes.readUInt32BE(start + 4);
      if (command >= 0x8000_0000) return;
      const answer = Buffer.allocUnsafe(command === 0x04 || command === 0x09 ? 27 : 16);
      answer.writeUInt32BE(answer.length, 0);
      answer.writeUInt32BE((command | 0x8000_0000) >>> 0, 4);
      answer.writeUInt32BE(0, 8);
      bytes.copy(answer, 12, start + 12, start + 16);
      if (answer.length > 16) answer.write('0123456789\0', 16, 'latin1');
      answers.push(answer);
    });
    if (answers.length > 0) socket.write(answers.length === 1 ? (answers[0] as Buffer) : Buffer.concat(answers));
  });
});

const collector = createHttp((request, response) => {
  request.resume();
  request.on('end', () => response.setHeader('content-type', 'application/json').end('{}'));
});

smsc.listen(0, '127.0.0.1', () => {
  collector.listen(0, '127.0.0.1', () => {
    process.send?.({
      smsc: (smsc.address() as AddressInfo).port,
      collector: (collector.address() as AddressInfo).port,
    });
  });
});
process.on('disconnect', () => process.exit(0));
