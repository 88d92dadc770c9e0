/** The statuses and lists of the control API as text for a person. */
import type { ConsumerStatus, Offers, ProviderStatus, SessionView, TunnelStateView } from '../control/views.ts'
import type { TransactionView } from '../control/explanation.ts'
import { unreachable } from '#base/result.ts'
import { duration, moment, readableBytes, short, usd, type Output } from './output.ts'

export function printProvider(out: Output, status: ProviderStatus, nowMs: number): void {
  const { totals } = status
  out.facts([
    ['provider', `${status.state}, ${status.account}, region ${status.region}`],
    ['price', `${usd(status.priceUnitsPerGib)} per GiB, ${usd(status.sessionFee)} per session`],
    ['stake', usd(status.stake)],
    ['tunnel', endpointText(status.tunnel)],
    ['control', endpointText(status.control)],
    [
      'offer',
      status.offer === null
        ? 'none published'
        : `number ${status.offer.sequence}, until ${moment(status.offer.expiresAtMs)}`,
    ],
    ['chain', chainText(status.chain)],
    [
      'carried',
      `${readableBytes(totals.bytesUp)} up, ${readableBytes(totals.bytesDown)} down, ${totals.sessions} sessions`,
    ],
    ['earned', `${usd(totals.earned)}: ${usd(totals.claimed)} claimed, ${usd(totals.unclaimed)} to claim`],
  ])
  printCounters(out, 'refused', status.refusals)
  out.line()
  if (status.sessions.length === 0) out.line('No session is running.')
  else printSessions(out, status.sessions, nowMs)
}

export function printConsumer(out: Output, status: ConsumerStatus, nowMs: number): void {
  const { tunnel, session, channel } = status
  out.facts([
    ['consumer', stateText(status.state, nowMs)],
    ['account', status.account],
    ...(tunnel === null
      ? []
      : ([
          ['exit', `${status.region ?? '?'}, ${tunnel.endpoint.address}:${tunnel.endpoint.port}`],
          ['addresses', `${tunnel.address4}, ${tunnel.address6} on ${tunnel.interface} (MTU ${tunnel.mtu})`],
          ['resolver', tunnel.resolver ?? 'unchanged'],
        ] as const)),
    ...(session === null
      ? []
      : ([
          ['session', session.id],
          ['carried', `${readableBytes(session.bytesUp)} up, ${readableBytes(session.bytesDown)} down`],
          ['price', `${usd(session.priceUnitsPerGib)} per GiB, ${usd(session.sessionFee)} for the session`],
          ['cost', `${usd(session.due)} so far, ${session.vouchers} vouchers`],
        ] as const)),
    ...(channel === null ? [] : ([['deposit', `${usd(channel.deposit)} in channel ${short(channel.id)}`]] as const)),
    [
      'protection',
      `${status.protection.state}${status.protection.detail === null ? '' : `: ${status.protection.detail}`}`,
    ],
    ['chain', chainText(status.chain)],
  ])
  printCounters(out, 'refused', status.refusals)
}

export function printSessions(out: Output, sessions: readonly SessionView[], nowMs: number): void {
  out.table(
    ['session', 'state', 'peer', 'started', 'for', 'up', 'down', 'due', 'paid'],
    sessions.map((session) => [
      session.id,
      session.reason === null ? session.state : `${session.state}: ${session.reason}`,
      short(session.peer),
      moment(session.startedAtMs),
      duration((session.endedAtMs ?? nowMs) - session.startedAtMs),
      readableBytes(session.bytesUp),
      readableBytes(session.bytesDown),
      usd(session.due),
      usd(session.paid),
    ]),
    [4, 5, 6, 7, 8],
  )
}

export function printOffers(out: Output, { offers, refused, filtered }: Offers): void {
  if (offers.length === 0) out.line('No offer fits.')
  else {
    out.table(
      ['', 'provider', 'region', 'per GiB', 'session', 'load', 'stake', 'control', 'why'],
      offers.map((offer) => [
        offer.chosen ? '→' : '',
        offer.provider,
        offer.region,
        usd(offer.priceUnitsPerGib),
        usd(offer.sessionFee),
        `${offer.loadPercent} %`,
        usd(offer.stake),
        offer.control[0] ?? '-',
        offer.why,
      ]),
      [3, 4, 5, 6],
    )
  }
  printCounters(out, 'not believed', refused)
  printCounters(out, 'not wanted', filtered)
}

export function printTransactions(out: Output, transactions: readonly TransactionView[]): void {
  if (transactions.length === 0) return
  out.table(
    ['transaction', 'what', 'state', 'block', 'amount', 'fee', 'tip', 'refund'],
    transactions.map((transaction) => [
      transaction.hash,
      transaction.kind,
      transaction.status,
      transaction.block === null ? '-' : String(transaction.block),
      usd(transaction.amount),
      usd(transaction.fee),
      usd(transaction.tip),
      usd(transaction.refund),
    ]),
    [3, 4, 5, 6, 7],
  )
}

export function printCounters(out: Output, title: string, counters: Readonly<Record<string, number>>): void {
  const entries = Object.entries(counters).filter(([, count]) => count > 0)
  if (entries.length > 0) out.facts([[title, entries.map(([name, count]) => `${name} ${count}`).join(', ')]])
}

export function stateText(state: TunnelStateView, nowMs: number): string {
  switch (state.kind) {
    case 'disconnected':
      return 'disconnected'
    case 'connecting':
      return `connecting: ${state.step}`
    case 'connected':
      return `connected for ${duration(nowMs - state.sinceMs)}`
    case 'reconnecting':
      return `reconnecting (${state.reason}); traffic is blocked meanwhile`
    case 'error':
      return `error: ${state.message} (${state.code}); ${state.remedy}`
    default:
      return unreachable(state)
  }
}

function chainText(chain: ProviderStatus['chain']): string {
  const block = chain.block === null ? '' : `, block ${chain.block}`
  const seen = chain.state === 'reachable' || chain.seenAtMs === null ? '' : `, last seen ${moment(chain.seenAtMs)}`
  const detail = chain.detail === null ? '' : `: ${chain.detail}`
  return `${chain.state}${block}${seen}${detail}`
}

function endpointText(endpoint: { readonly address: string; readonly port: number } | null): string {
  if (endpoint === null) return 'not open'
  return endpoint.address.includes(':')
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`
}
