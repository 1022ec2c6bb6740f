import { GetViewResponse, PeerPlane, fromMs, type PeerServiceServer } from '../../proto';
import { handler, type ServiceContext } from './service-context';
import { feedPeer } from './session-feed';

/** PeerService of the contract. */
export function peerService(context: ServiceContext): PeerServiceServer {
  return {
    getView: handler(context, 'PeerService/GetView', () =>
      GetViewResponse.create({ planes: view(context), cutOff: context.isCutOff() }),
    ),

    watchSessions: (call) => context.streams.open(call, (stream) => feedPeer(context.sessionTable, stream)),
  };
}

function view({ hub, stats, clock }: ServiceContext): PeerPlane[] {
  const figures = stats.runs();
  const statuses = new Map(hub.statuses().map((status) => [status.planeId, status]));
  return [...new Set([...statuses.keys(), ...figures.keys()])].map((planeId) => {
    const reporter = stats.of(planeId);
    const status = statuses.get(planeId);
    const sameProcess = reporter !== undefined && reporter.incarnation === status?.incarnation;
    return PeerPlane.create({
      status,
      answeredIndex: hub.planes.get(planeId)?.answeredIndex ?? 0,
      runs: [...(figures.get(planeId) ?? [])],
      reportAge: sameProcess ? fromMs(Math.max(0, clock.now() - reporter.reportedAtMs)) : undefined,
    });
  });
}
