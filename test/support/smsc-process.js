'use strict';

/**
 * An SMSC as a process of its own, so that tests can kill -9 it. Says its port by IPC; answers binds and, when told `answer: true`
 * (the default), requests; tells which message ids (the text of each submit_sm after its last NUL) it got when asked `report`.
 */
const net = require('node:net');

let answer = true;
const texts = [];

function pdu(command, sequence, body = Buffer.alloc(0)) {
  const bytes = Buffer.alloc(16 + body.length);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(command >>> 0, 4);
  bytes.writeUInt32BE(sequence, 12);
  body.copy(bytes, 16);
  return bytes;
}

function take(socket, bytes) {
  const command = bytes.readUInt32BE(4);
  const sequence = bytes.readUInt32BE(12);
  if (command >= 0x8000_0000) return;
  if (command === 0x04) texts.push(bytes.toString('latin1', 16).split('\0').at(-1));
  if (command === 0x04 && !answer) return;
  socket.write(
    pdu((command | 0x8000_0000) >>> 0, sequence, Buffer.from(command === 0x04 || command < 0x0a ? 'id\0' : '')),
  );
}

const server = net.createServer((socket) => {
  let rest = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 16 && rest.length >= rest.readUInt32BE(0)) {
      const length = rest.readUInt32BE(0);
      take(socket, rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  });
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', (message) => {
  if (message.answer !== undefined) answer = message.answer;
  if (message.report) process.send({ texts });
});
process.on('disconnect', () => process.exit(0));
