import { connect, createServer, type PDU } from 'smpp';

/** What one would write first: two sessions of the `smpp` package, each PDU of one sent on the other. Arguments: own port, SMSC's port. */
const [own, smsc] = process.argv.slice(2).map(Number) as [number, number];

const server = createServer((esme) => {
  const upstream = connect({ host: '127.0.0.1', port: smsc });
  const relay = (from: typeof esme, to: typeof esme): void => {
    from.on('error', () => {});
    from.on('close', () => to.close());
    from.on('pdu', (pdu: PDU) => {
      if (pdu.isResponse()) return;
      const { sequence_number: sequence } = pdu;
      pdu.sequence_number = 0;
      to.send(pdu, (answer) => {
        answer.sequence_number = sequence;
        from.send(answer);
      });
    });
  };
  relay(esme, upstream);
  relay(upstream, esme);
});
server.listen(own, '127.0.0.1', () => process.send?.('ready'));
process.on('disconnect', () => process.exit(0));
