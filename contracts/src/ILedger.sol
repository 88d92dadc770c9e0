// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// An EIP-2612 permit by the account whose funds move. `value` 0: no permit, the allowance stands already.
struct Permit {
    uint256 value;
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// What an account signs (EIP-712) so that somebody else may submit its action and keep a tip of at most `maxTip`.
/// `nonce` is unordered: any number that the account has not used in this contract. `deadline` is Unix seconds.
struct Authorization {
    uint256 maxTip;
    uint256 nonce;
    uint256 deadline;
    bytes signature;
}

/// @title Internal balances, withdrawals and signed actions, shared by `Channels` and `StakeRegistry`
/// @notice Earnings, refunds, fees, tips and rewards are credited to internal balances; only `withdraw` and
/// `withdrawFor` move tokens out, so an account that the token's issuer froze blocks nobody but itself.
/// All amounts are in the token's base unit. Signed actions (`...For`) pay `tip <= maxTip` to `msg.sender`: from the
/// account's internal balance first, the rest from its tokens by allowance or the permit that comes along.
/// `multicall` lets a submitter bundle actions that carry no tip of their own with one that does.
interface ILedger {
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    event TipPaid(address indexed from, address indexed submitter, uint256 tip);
    event NonceCancelled(address indexed account, uint256 nonce);

    error ZeroAddress();
    error AmountZero();
    /// The token took a fee on the way, or rebased: such tokens cannot back an escrow.
    error TransferAmountMismatch(uint256 expected, uint256 received);
    error InsufficientBalance(address account, uint256 balance, uint256 needed);
    error DeadlinePassed(uint256 deadline);
    error NonceUsed(address account, uint256 nonce);
    error InvalidAuthorization(address account);
    error TipTooHigh(uint256 tip, uint256 maxTip);

    /// @notice Sends `amount` of the caller's internal balance to `to`; `type(uint256).max` means all of it.
    function withdraw(address to, uint256 amount) external;

    /// @notice The same, signed by `account`. The tip comes out of `amount`: `to` receives `amount - tip`.
    /// Signed type: `Withdraw(address account,address to,uint256 amount,uint256 maxTip,uint256 nonce,uint256 deadline)`.
    function withdrawFor(address account, address to, uint256 amount, uint256 tip, Authorization calldata authorization)
        external;

    /// @notice Makes a nonce of the caller unusable: takes back a signed action that nobody submitted yet.
    function cancelNonce(uint256 nonce) external;

    function token() external view returns (address);
    /// @notice What `withdraw` can pay out to `account`.
    function balanceOf(address account) external view returns (uint256);
    function nonceUsed(address account, uint256 nonce) external view returns (bool);
    /// @notice Version of the protocol that the contract speaks (`docs/protocol/contracts.md`).
    function protocolVersion() external view returns (uint16);
}
