/**
 * Policy rules and routes of one guard state, as journal changes (pure). The order was measured against DHCP option 121
 * and router advertisements (TunnelVision): whatever routes an attacker puts into `main`, only marked packets and the
 * daemon's own targets look there. When the tunnel's device vanishes, its table is empty and `unreachable` answers.
 */
import type { ChangeOf, Family } from '#host/changes.ts'
import type { ControlTarget, GuardState } from './state.ts'

export type RoutingChange = ChangeOf<'ipRule'> | ChangeOf<'route'>

export interface GuardRouting {
  /** In the order in which they are made: what blocks stands before what opens. */
  readonly made: readonly RoutingChange[]
  /** Not made, but left alone where they stand. */
  readonly kept: readonly RoutingChange[]
}

/**
 * While reconnecting, the routes into the tunnel stay as far as its device does: connections keep their source address
 * and wait, where "unreachable" would end them.
 */
export function guardRouting(state: Exclude<GuardState, { kind: 'disconnected' }>, fwmark: number): GuardRouting {
  const control = uniqueTargets(state.control)
  const tunnel = state.kind === 'connected' || state.kind === 'reconnecting' ? state.tunnel.device : undefined
  const throughTunnel = tunnel === undefined ? [] : FAMILIES.flatMap((family) => tunnelRouting(family, fwmark, tunnel))
  const fixed = FAMILIES.flatMap((family) => [
    rule(family, PRIORITY.closed, { notFwmark: fwmark, action: 'unreachable' }),
    rule(family, PRIORITY.data, { fwmark, action: { lookup: MAIN_TABLE } }),
    ...control.filter((target) => familyOf(target) === family).map((target) => controlRule(family, target)),
  ])
  return state.kind === 'connected'
    ? { made: [...fixed, ...throughTunnel], kept: [] }
    : { made: fixed, kept: throughTunnel }
}

function tunnelRouting(family: Family, fwmark: number, device: string): RoutingChange[] {
  const destination = family === 4 ? '0.0.0.0/0' : '::/0'
  return [
    { kind: 'route', route: { family, table: TUNNEL_TABLE, destination, device } },
    rule(family, PRIORITY.tunnel, { notFwmark: fwmark, action: { lookup: TUNNEL_TABLE } }),
  ]
}

function controlRule(family: Family, target: ControlTarget): RoutingChange {
  return rule(family, PRIORITY.control, {
    to: target.address,
    ipProtocol: target.protocol,
    destinationPort: target.port,
    action: { lookup: MAIN_TABLE },
  })
}

function rule(
  family: Family,
  priority: number,
  rest: Omit<ChangeOf<'ipRule'>['rule'], 'family' | 'priority'>,
): RoutingChange {
  return { kind: 'ipRule', rule: { family, priority, ...rest } }
}

function uniqueTargets(targets: readonly ControlTarget[]): readonly ControlTarget[] {
  return [...new Map(targets.map((target) => [`${target.protocol} ${target.address} ${target.port}`, target])).values()]
}

function familyOf(target: ControlTarget): Family {
  return target.address.includes(':') ? 6 : 4
}

const FAMILIES: readonly Family[] = [4, 6]
/** Below 5200, where other VPNs put theirs, and above 0, the table of local addresses. */
const PRIORITY = { data: 4900, control: 4910, tunnel: 4920, closed: 4930 } as const
/** rt_tables(5): 254 is main. */
const MAIN_TABLE = 254
export const TUNNEL_TABLE = 44_196
