import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type PDU, type Session } from 'smpp';
import { smscNode, startTestPlane } from '../support/smpp-plane';
import { until } from '../support/until';

async function ask(send: (answered: (pdu: PDU) => void) => unknown): Promise<PDU> {
  return await new Promise((resolve) => {
    send(resolve);
  });
}

test('the smpp package as ESME and as SMSC: bind, texts both ways, unbind', async () => {
  const received: PDU[] = [];
  const servers: Session[] = [];
  const server = createServer((session) => {
    servers.push(session);
    session.on('error', () => {});
    session.on('pdu', (pdu: PDU) => {
      if (pdu.isResponse()) return;
      received.push(pdu);
      const fields = pdu.command === 'submit_sm' ? { message_id: `id-${received.length}` } : { system_id: 'toy' };
      session.send(pdu.response(pdu.command.startsWith('bind') || pdu.command === 'submit_sm' ? fields : {}));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const plane = await startTestPlane([smscNode('smsc', { port: (server.address() as AddressInfo).port })]);
  const [host = '', port] = plane.address.split(':');
  const esme = connect({ host, port: Number(port) });
  const delivered: PDU[] = [];
  esme.on('error', () => {});
  esme.on('deliver_sm', (pdu: PDU) => {
    delivered.push(pdu);
    esme.send(pdu.response());
  });
  const bound = await ask((done) =>
    esme.bind_transceiver({ system_id: 'acme', password: 'pw', interface_version: 0x34 }, done),
  );
  expect([bound.command_status, bound['system_id']]).toEqual([0, 'toy']);
  const texts = ['hello', 'grüße', '日本語'];
  for (const text of texts) {
    const answer = await ask((done) => esme.submit_sm({ destination_addr: '4917', short_message: text }, done));
    expect(answer['message_id']).toBe(`id-${received.length}`);
  }
  const sent = received.filter(({ command }) => command === 'submit_sm').map((pdu) => pdu['short_message']);
  expect(sent).toEqual(texts.map((message) => ({ message })));
  const answer = await ask((done) => servers[0]?.deliver_sm({ source_addr: '4917', short_message: 'back' }, done));
  expect(answer.command_status).toBe(0);
  expect(delivered.map((pdu) => pdu['short_message'])).toEqual([{ message: 'back' }]);
  expect((await ask((done) => esme.unbind({}, done))).command_status).toBe(0);
  await until('the session is gone', () => plane.gauge('smpp.connections') === 0);
  await plane.close();
  await new Promise((resolve) => server.close(resolve));
});
