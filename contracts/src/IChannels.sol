// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedger, Permit, Authorization} from "./ILedger.sol";

/// `keccak256(abi.encode(payer, provider, signer, salt))`; never used twice, not even after a close.
type ChannelId is bytes32;

/// Exactly three storage slots. `deposit` and `claimed` are cumulative; `deposit - claimed` is what is left.
/// A channel that does not exist has `provider` 0; a closed one keeps its third slot with `closeAt` = 2^40 - 1.
struct Channel {
    address payer;
    uint96 deposit;
    address signer;
    uint96 claimed;
    address provider;
    uint40 closeAt; // Unix seconds; 0: not closing
    uint40 expiry; // Unix seconds
    uint16 feeBps; // snapshot at open
}

/// `amount` is the cumulative total that the channel owes, over all sessions. `reading` is evidence, not interpreted.
struct Voucher {
    ChannelId channel;
    uint256 amount;
    bytes32 reading;
    bytes32 r; // the signer's signature in its compact form (EIP-2098): two words instead of a dynamic array,
    bytes32 vs; // which saves about 1,000 gas of a batch's 20,000 for each voucher
}

/// What `openFor` opens.
struct OpenRequest {
    address payer;
    address provider;
    address signer;
    uint96 deposit;
    bytes32 salt;
}

/// @title Unidirectional payment channels that outlive sessions
/// @notice EIP-712 domain `{name: "Adit Channels", version: "1", chainId, verifyingContract}`. Signed types:
/// `Voucher(bytes32 channel,uint256 amount,bytes32 reading)` by the channel's signer;
/// `CooperativeClose(bytes32 channel,uint256 amount,uint256 deadline)` by the signer and the provider;
/// the types of the `...For` actions stand at each function.
/// Life: `open` -> (`topUp` | `claim`)* -> `cooperativeClose`, or `startClose` -> 72 h -> `finishClose`, or 90 days
/// after the last `open`/`topUp` -> `finishClose`. Until the close has run, any voucher stays claimable.
interface IChannels is ILedger {
    event ChannelOpened(
        ChannelId indexed channel,
        address indexed payer,
        address indexed provider,
        address signer,
        uint96 deposit,
        uint40 expiry,
        uint16 feeBps
    );
    event ChannelToppedUp(ChannelId indexed channel, address indexed from, uint96 added, uint96 deposit, uint40 expiry);
    /// `total` is the channel's cumulative claim after this one, `amount` the new part, `fee` its share of `amount`.
    event Claimed(ChannelId indexed channel, uint96 total, uint96 amount, uint96 fee, bytes32 reading);
    /// A voucher of a batch that moved nothing; `reason` is one of the `SKIP_` constants.
    event VoucherSkipped(ChannelId indexed channel, uint8 reason);
    event CloseStarted(ChannelId indexed channel, address indexed payer, address indexed provider, uint40 closeAt);
    /// `total` is all that the provider ever got before fees, `amount` the part added by the close itself.
    event ChannelClosed(
        ChannelId indexed channel,
        address indexed payer,
        address indexed provider,
        uint96 total,
        uint96 amount,
        uint96 fee,
        uint96 refund
    );
    event FeeChanged(uint16 feeBps);

    error ChannelExists(ChannelId channel);
    /// Never opened, or closed.
    error NoSuchChannel(ChannelId channel);
    error NotPayer(address caller, address payer);
    error NotFeeAccount(address caller);
    error AmountBelowMinimum(uint256 amount, uint256 minimum);
    error FeeAboveCap(uint256 feeBps, uint256 cap);
    error InvalidVoucherSignature(ChannelId channel);
    /// The voucher's amount, or the deposit, was claimed already.
    error NothingToClaim(ChannelId channel, uint256 claimed);
    error CloseAmountOutOfRange(uint256 amount, uint256 claimed, uint256 deposit);
    error InvalidSignerSignature(ChannelId channel);
    error InvalidProviderSignature(ChannelId channel);
    error AlreadyClosing(ChannelId channel, uint256 closeAt);
    error CloseNotDue(ChannelId channel, uint256 dueAt);
    error ExpiredChannel(ChannelId channel, uint256 expiry);

    /// @notice Opens a channel with the caller's tokens. `deposit >= minimumDeposit()`; the token must not take fees.
    /// @param signer key made for this channel alone: its vouchers spend the deposit
    function open(address provider, address signer, uint96 deposit, bytes32 salt) external returns (ChannelId);

    /// @notice `open`, with the allowance by permit. A permit that somebody submitted first does no harm.
    function openWithPermit(address provider, address signer, uint96 deposit, bytes32 salt, Permit calldata permit)
        external
        returns (ChannelId);

    /// @notice `open` signed by the payer and paid from its internal balance first, then from its tokens.
    /// Signed type: `Open(address payer,address provider,address signer,uint256 deposit,bytes32 salt,uint256 maxTip,uint256 nonce,uint256 deadline)`.
    function openFor(
        OpenRequest calldata request,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external returns (ChannelId);

    /// @notice Adds the caller's tokens to any live channel (`added >= minimumDeposit()`). Renews the expiry; a close
    /// that was started keeps its time.
    function topUp(ChannelId channel, uint96 added) external;

    /// @notice `topUp` signed by `from`, paid like `openFor`.
    /// Signed type: `TopUp(address from,bytes32 channel,uint256 added,uint256 maxTip,uint256 nonce,uint256 deadline)`.
    function topUpFor(
        address from,
        ChannelId channel,
        uint96 added,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external;

    /// @notice Credits `min(amount, deposit) - claimed` to the provider, less the fee. Anyone may submit; what exceeds
    /// the deposit stays claimable after a top-up.
    function claim(Voucher calldata voucher) external;

    /// @notice Claims each voucher that is good and skips the others with `VoucherSkipped`.
    function claimMany(Voucher[] calldata vouchers) external;

    /// @notice Ends the channel at the cumulative `amount` that signer and provider agreed on; the rest is free for
    /// the payer at once. `amount` may be below the last voucher, not below what was claimed.
    /// @param providerSignature may be empty where the caller is the provider
    function cooperativeClose(
        ChannelId channel,
        uint96 amount,
        uint256 deadline,
        bytes calldata signerSignature,
        bytes calldata providerSignature
    ) external;

    /// @notice The payer asks for its rest; vouchers can still be claimed for `CLOSE_WINDOW`.
    function startClose(ChannelId channel) external;

    /// @notice `startClose` signed by the payer; the tip never comes out of the channel.
    /// Signed type: `StartClose(bytes32 channel,uint256 maxTip,uint256 nonce,uint256 deadline)`.
    function startCloseFor(
        ChannelId channel,
        uint256 tip,
        Authorization calldata authorization,
        Permit calldata permit
    ) external;

    /// @notice Credits the rest to the payer once the window or the expiry has passed. Anyone may call.
    function finishClose(ChannelId channel) external;

    /// @notice Fee of channels opened from now on, at most `MAX_FEE_BPS`. Only the fee account.
    function setFeeBps(uint16 feeBps) external;

    function channels(ChannelId channel) external view returns (Channel memory);
    function channelIdOf(address payer, address provider, address signer, bytes32 salt)
        external
        pure
        returns (ChannelId);
    /// @notice The EIP-712 digest that a channel's signer signs.
    function voucherDigest(ChannelId channel, uint256 amount, bytes32 reading) external view returns (bytes32);
    /// @notice The EIP-712 digest that signer and provider sign to end a channel.
    function closeDigest(ChannelId channel, uint256 amount, uint256 deadline) external view returns (bytes32);
    function feeAccount() external view returns (address);
    function feeBps() external view returns (uint16);
    function minimumDeposit() external view returns (uint96);
}
