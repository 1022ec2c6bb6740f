import type {
  DeregisterRequest,
  RegisterRequest,
  ReportStatsRequest,
  SubscribeRequest,
  WatchAssignmentsRequest,
} from '../../proto';
import type { Role } from '../../runtime/identity';

/** The node that holds a lease, also an expired one; undefined: no such lease. */
export type LeaseOwner = (leaseId: string) => string | undefined;

export interface Rule {
  /** Any of them will do. */
  readonly roles: readonly Role[];
  /** The id that a message speaks for; the caller must have the first role under that id. Undefined: it names none. */
  readonly idOf?: (message: never, leaseOwner: LeaseOwner) => string | undefined;
}

const node = (idOf: Rule['idOf']): Rule => ({ roles: ['node'], ...(idOf && { idOf }) });
const plane = (idOf: Rule['idOf']): Rule => ({ roles: ['plane'], ...(idOf && { idOf }) });
const VIEW: Rule = { roles: ['viewer', 'operator'] };
const CHANGE: Rule = { roles: ['operator'] };

/** A lease that nobody holds is answered by the service itself: register again. */
const holder = ({ leaseId }: Pick<DeregisterRequest, 'leaseId'>, leaseOwner: LeaseOwner): string | undefined =>
  leaseOwner(leaseId);
const named = ({ planeId }: Pick<ReportStatsRequest & WatchAssignmentsRequest, 'planeId'>): string => planeId;

const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    'NodeService/Register': node((request: RegisterRequest) => request.node?.nodeId ?? ''),
    'NodeService/KeepAlive': node(holder),
    'NodeService/Heartbeat': node(holder),
    'NodeService/Deregister': node(holder),
    'NodeService/BindSession': node(holder),
    'NodeService/Switchover': node(holder),
    'PlaneService/Subscribe': plane(({ message }: SubscribeRequest) =>
      message?.$case === 'hello' ? message.value.planeId : undefined,
    ),
    'PlaneService/ReportStats': plane(named),
    'PlaneService/WatchAssignments': plane(named),
    'PlaneService/ReportAssignments': plane(named),
    'PlaneService/ReportNodeSignals': plane(named),
    'PeerService/GetView': VIEW,
    'PeerService/WatchSessions': VIEW,
    'AdminService/ListNodes': VIEW,
    'AdminService/WatchNodes': VIEW,
    'AdminService/DrainNode': CHANGE,
    'AdminService/ResumeNode': CHANGE,
    'AdminService/RemoveNode': CHANGE,
    'AdminService/GetRoutingConfig': VIEW,
    'AdminService/UpdateRoutingConfig': CHANGE,
    'AdminService/RollbackRoutingConfig': CHANGE,
    'AdminService/ListPlanes': VIEW,
    'AdminService/GetStats': VIEW,
    'AdminService/SetLogLevel': CHANGE,
  } satisfies Record<string, Rule>),
);

const OURS = '/triplane.v1.';

/** What a method asks of its caller; `open` for those of others (health checks), undefined for one of ours that has no rule: nobody may call it. */
export function ruleOf(path: string): Rule | 'open' | undefined {
  return path.startsWith(OURS) ? RULES.get(path.slice(OURS.length)) : 'open';
}
