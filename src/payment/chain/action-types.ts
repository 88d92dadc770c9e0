/** The EIP-712 types of the signed actions, as they stand in `contracts/src/IChannels.sol` and `IStakeRegistry.sol`. */
import type { SignedActionKind } from './types.ts'

export interface TypeField {
  readonly name: string
  readonly type: string
}

const TERMS: readonly TypeField[] = [
  { name: 'maxTip', type: 'uint256' },
  { name: 'nonce', type: 'uint256' },
  { name: 'deadline', type: 'uint256' },
]

export const ACTION_TYPES: Readonly<
  Record<SignedActionKind, { readonly primaryType: string; readonly fields: readonly TypeField[] }>
> = {
  open: typeOf('Open', 'address payer,address provider,address signer,uint256 deposit,bytes32 salt'),
  'top-up': typeOf('TopUp', 'address from,bytes32 channel,uint256 added'),
  'start-close': typeOf('StartClose', 'bytes32 channel'),
  withdraw: typeOf('Withdraw', 'address account,address to,uint256 amount'),
  register: typeOf('Register', 'address owner,uint256 stake,address key,Profile profile'),
  update: typeOf('Update', 'address owner,Profile profile'),
  'add-key': typeOf('AddKey', 'address owner,address key'),
  'retire-key': typeOf('RetireKey', 'address owner,uint32 keyId'),
  'start-unbonding': typeOf('StartUnbonding', 'address owner'),
}

export const PROFILE_TYPE: readonly TypeField[] = fieldsOf(
  'bytes8 region,bytes32 contactHash,uint16 protocolMin,uint16 protocolMax,bool active,bytes32[] relayIds',
)

function typeOf(primaryType: string, own: string): { primaryType: string; fields: readonly TypeField[] } {
  return { primaryType, fields: [...fieldsOf(own), ...TERMS] }
}

function fieldsOf(text: string): readonly TypeField[] {
  return text.split(',').map((field) => {
    const [type, name] = field.split(' ')
    return { name, type }
  })
}
