/**
 * Every key of the configuration, once. From this table come the types, the validation, `adit config show`, `explain`
 * and `init`, and `docs/configuration.md` (a test compares).
 */
import {
  endpoints,
  flag,
  hostPorts,
  integer,
  interfaceName,
  ipAddresses,
  oneOf,
  optional,
  region,
  text,
  url,
  usd,
  usdPerGib,
  type Field,
} from './fields.ts'

export const SECTIONS = {
  chain: {
    purpose: 'The chain that holds deposits and pays providers: any EVM chain by JSON-RPC, or a local one for trying.',
    fields: {
      rpcUrl: url({
        toml: 'rpc_url',
        purpose: 'JSON-RPC address of the chain. The default is where `adit chain start` listens.',
        fallback: '"http://127.0.0.1:8545"',
        example: '"https://rpc.example.org"',
      }),
      chainId: integer({
        toml: 'chain_id',
        purpose: 'Number of the chain. A node that answers with another one is refused.',
        fallback: '31337',
        example: '8453',
        min: 1,
        max: Number.MAX_SAFE_INTEGER,
      }),
      deployment: text({
        toml: 'deployment',
        purpose:
          'File with the addresses of the contracts. Empty: `contracts/deployments/<chain_id>.json` of the installation, or, for the embedded chain, `chain/<chain_id>.json` in the state directory.',
        allowed: 'a path',
        fallback: '""',
        example: '"/etc/adit/deployment.json"',
      }),
      confirmations: integer({
        toml: 'confirmations',
        purpose:
          'Blocks on top of a deposit before a provider trusts it for more than $0.05; a deposit that is included is served up to that at once.',
        fallback: '1',
        example: '3',
        min: 0,
        max: 1000,
      }),
      embeddedPort: integer({
        toml: 'embedded_port',
        purpose: 'TCP port on 127.0.0.1 of the embedded chain that `adit chain start` runs.',
        fallback: '8545',
        example: '18545',
        min: 1,
        max: 65_535,
      }),
      embeddedState: text({
        toml: 'embedded_state',
        purpose: 'Folder of the embedded chain. Empty: `chain` in the state directory.',
        allowed: 'a path',
        fallback: '""',
        example: '"/var/lib/adit/chain"',
      }),
    },
  },
  keystore: {
    purpose: 'The keys of the wallet, the node and the channels, encrypted in `keys.json` of the state directory.',
    fields: {
      passphraseFile: text({
        toml: 'passphrase_file',
        purpose:
          'File whose first line is the passphrase. Empty: the file named by ADIT_PASSPHRASE_FILE, the systemd credential `adit-passphrase`, or a question at the terminal, in this order.',
        allowed: 'a path',
        fallback: '""',
        example: '"/etc/adit/passphrase"',
      }),
    },
  },
  provider: {
    purpose: '`adit provide`: what is sold, for how much, and how it can be reached.',
    fields: {
      region: optional(
        region({
          toml: 'region',
          purpose: 'Where the exit is. It goes to the registry and into offers; no default: say it.',
          fallback: undefined,
          example: '"JP"',
        }),
      ),
      priceUnitsPerGib: usdPerGib({
        toml: 'price_usd_per_gib',
        purpose: 'Price of the traffic, both directions together. A running session keeps the price of its quote.',
        fallback: '"0.10"',
        example: '"0.25"',
      }),
      sessionFeeUnits: usd({
        toml: 'session_fee_usd',
        purpose: 'Price of starting a session, paid by the first voucher.',
        fallback: '"0.001"',
        example: '"0.002"',
      }),
      quoteMinutes: integer({
        toml: 'quote_minutes',
        purpose: 'How long a signed price may be accepted.',
        fallback: '60',
        example: '30',
        min: 1,
        max: 1440,
        unit: 'minutes',
      }),
      offerMinutes: integer({
        toml: 'offer_minutes',
        purpose: 'How long a published offer is valid; it is renewed at half of it.',
        fallback: '10',
        example: '5',
        min: 1,
        max: 60,
        unit: 'minutes',
      }),
      stakeUnits: usd({
        toml: 'stake_usd',
        purpose: 'Stake that `adit provide` makes sure of at its start, from the wallet.',
        fallback: '"10"',
        example: '"25"',
      }),
      minDepositUnits: usd({
        toml: 'min_deposit_usd',
        purpose: 'Channels with a smaller deposit get no session.',
        fallback: '"0.25"',
        example: '"1"',
      }),
      claimUnits: usd({
        toml: 'claim_above_usd',
        purpose: 'Vouchers are claimed on the chain when this much is not claimed yet (and when a channel closes).',
        fallback: '"0.50"',
        example: '"5"',
      }),
      maxSessions: integer({
        toml: 'max_sessions',
        purpose: 'Sessions at the same time.',
        fallback: '64',
        example: '8',
        min: 1,
        max: 1000,
      }),
      tunnelPort: integer({
        toml: 'tunnel_port',
        purpose: 'UDP port of the WireGuard tunnel. 0: any free one.',
        fallback: '51820',
        example: '0',
        min: 0,
        max: 65_535,
      }),
      controlPort: integer({
        toml: 'control_port',
        purpose: 'TCP port where offers are given out and sessions are asked for. 0: any free one.',
        fallback: '5392',
        example: '0',
        min: 0,
        max: 65_535,
      }),
      listenAddress: text({
        toml: 'listen_address',
        purpose: 'Address on which the control port listens. `::` is all addresses of both families.',
        allowed: 'an IP address',
        fallback: '"::"',
        example: '"192.0.2.7"',
      }),
      advertiseControl: hostPorts({
        toml: 'advertise_control',
        purpose: 'Control addresses in the offer. Empty: the addresses of the uplink with `control_port`.',
        fallback: '[]',
        example: '["exit.example.org:5392"]',
      }),
      advertiseEndpoints: endpoints({
        toml: 'advertise_endpoints',
        purpose: 'Tunnel endpoints told to consumers. Empty: the addresses of the uplink with `tunnel_port`.',
        fallback: '[]',
        example: '["192.0.2.7:51820", "[2001:db8::7]:51820"]',
      }),
      uplink: optional(
        interfaceName({
          toml: 'uplink',
          purpose: "Interface through which consumers' packets leave. Absent: that of the default route.",
          fallback: undefined,
          example: '"eth0"',
        }),
      ),
      tunName: interfaceName({
        toml: 'interface',
        purpose: 'Name of the tunnel device.',
        fallback: '"adit-exit"',
        example: '"adit1"',
      }),
      mtu: integer({
        toml: 'mtu',
        purpose: 'Largest inner packet.',
        fallback: '1420',
        example: '1280',
        min: 1280,
        max: 9000,
        unit: 'bytes',
      }),
      resolvers: ipAddresses({
        toml: 'resolvers',
        purpose: "Resolvers that the tunnel's DNS asks. Empty: those of this machine.",
        fallback: '[]',
        example: '["9.9.9.9"]',
      }),
    },
  },
  consumer: {
    purpose: '`adit connect`: what is bought, and for how much at most.',
    fields: {
      region: optional(
        region({
          toml: 'region',
          purpose: 'Where the exit shall be. Absent: anywhere. `--region` overrides it.',
          fallback: undefined,
          example: '"JP"',
        }),
      ),
      maxPriceUnitsPerGib: usdPerGib({
        toml: 'max_price_usd_per_gib',
        purpose: 'Dearer offers are not taken.',
        fallback: '"1"',
        example: '"0.50"',
      }),
      maxSessionFeeUnits: usd({
        toml: 'max_session_fee_usd',
        purpose: 'Offers with a higher session fee are not taken.',
        fallback: '"0.01"',
        example: '"0.005"',
      }),
      depositUnits: usd({
        toml: 'deposit_usd',
        purpose: 'Deposit of a new channel, and of each top-up. What is not used comes back.',
        fallback: '"2"',
        example: '"5"',
      }),
      spendLimitUnits: usd({
        toml: 'spend_limit_usd',
        purpose: 'A connection signs vouchers up to this amount in all, then it ends.',
        fallback: '"5"',
        example: '"0.50"',
      }),
      bootstrap: hostPorts({
        toml: 'bootstrap',
        purpose: "Providers' control addresses that are asked for offers.",
        fallback: '[]',
        example: '["exit.example.org:5392"]',
      }),
      tunName: interfaceName({
        toml: 'interface',
        purpose: 'Name of the tunnel device.',
        fallback: '"adit0"',
        example: '"adit7"',
      }),
      dns: oneOf({
        toml: 'dns',
        purpose:
          "`tunnel`: the system asks the exit's resolver, through the tunnel. `keep`: resolver settings stay as they are, but port 53 outside the tunnel is blocked.",
        values: ['tunnel', 'keep'],
        fallback: '"tunnel"',
        example: '"tunnel"',
      }),
      settleOnDisconnect: flag({
        toml: 'settle_on_disconnect',
        purpose: 'Close the channel at the final amount on `adit disconnect`. false: keep it for the next session.',
        fallback: 'true',
        example: 'false',
      }),
    },
  },
  log: {
    purpose: 'What daemons write to standard error, or to `log/` in the state directory when detached.',
    fields: {
      level: oneOf({
        toml: 'level',
        purpose: 'How much is written.',
        values: ['debug', 'info', 'warn', 'error'],
        fallback: '"info"',
        example: '"debug"',
      }),
    },
  },
} as const satisfies Record<string, { purpose: string; fields: Record<string, Field<unknown>> }>

export type SectionName = keyof typeof SECTIONS

type ValueOf<F> = F extends Field<infer T> ? T : never
type SectionValues<S extends SectionName> = {
  readonly [K in keyof (typeof SECTIONS)[S]['fields']]: ValueOf<(typeof SECTIONS)[S]['fields'][K]>
}
/** The whole configuration, checked: `config.provider.priceUnitsPerGib`. */
export type Config = { readonly [S in SectionName]: SectionValues<S> }
